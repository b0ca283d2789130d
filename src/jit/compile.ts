import { spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, delimiter, isAbsolute, join, resolve } from 'node:path';
import { Rejection } from './diagnostics.js';

/** A C compiler on this machine. `id` changes when the compiler does. */
export interface Toolchain {
  readonly path: string;
  readonly id: string;
  /** Its OpenMP code calls our libgomp.so.1; clang's calls a runtime of its own, which would fight over the cores. */
  readonly gomp: boolean;
}

const CANDIDATES = ['gcc', 'cc', 'clang'];
const COMPILE_TIMEOUT_MS = 120_000;

const found = new Map<string, Toolchain>();

/**
 * The compiler to use: `HARTS_CC` if set, else the first of gcc, cc and clang on `PATH`. Nothing is started.
 *
 * @throws Rejection (phase `compile`) when there is none.
 */
export function findToolchain(env: NodeJS.ProcessEnv = process.env): Toolchain {
  const wanted = env.HARTS_CC;
  const key = `${wanted ?? ''}\0${env.PATH ?? ''}`;
  const known = found.get(key);
  if (known !== undefined) return known;
  for (const name of wanted ? [wanted] : CANDIDATES) {
    const path = locate(name, env.PATH ?? '');
    if (path === undefined) continue;
    const real = realpathSync(path);
    const { size, mtimeMs } = statSync(real);
    const toolchain = { path, id: `${real}:${size}:${mtimeMs}`, gomp: !/clang/.test(basename(real)) };
    found.set(key, toolchain);
    return toolchain;
  }
  throw new Rejection(
    'compile',
    wanted
      ? `the compiler \`${wanted}\` (from HARTS_CC) was not found`
      : `no C compiler was found (looked for ${CANDIDATES.join(', ')} on PATH); install gcc or set HARTS_CC`,
  );
}

function locate(name: string, path: string): string | undefined {
  const places =
    isAbsolute(name) || name.includes('/') ? [resolve(name)] : path.split(delimiter).map((dir) => join(dir, name));
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return statSync(place).isFile();
    } catch {
      return false;
    }
  });
}

const NATIVE = process.arch === 'arm64' ? '-mcpu=native' : '-march=native';

/**
 * Flags of every kernel.
 *
 * `-O1` with `omp simd` on the loops that allow it gives the code of `-O3` in little more than half the time. Results
 * are those of IEEE arithmetic in source order: no contraction, no fast-math; `-fno-trapping-math` and
 * `-fno-math-errno` give up exception flags and errno, which JS has no way to see, and `-fno-strict-aliasing` is there
 * because two typed arrays of different kinds may share one buffer.
 */
export const KERNEL_FLAGS: readonly string[] = [
  '-std=gnu11',
  '-O1',
  '-fopenmp-simd',
  NATIVE,
  '-ffp-contract=off',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-fno-strict-aliasing',
  '-fvisibility=hidden',
  '-fPIC',
  '-shared',
  '-Wl,-z,noexecstack',
  '-w',
];

/**
 * Compiles C text into a shared object. The text goes through a pipe and no shell is involved.
 *
 * @returns milliseconds spent in the compiler.
 * @throws Rejection (phase `compile`) with the compiler's first message.
 */
export function compileObject(toolchain: Toolchain, flags: readonly string[], source: string, output: string): number {
  const begin = performance.now();
  const run = spawnSync(toolchain.path, [...flags, '-x', 'c', '-', '-o', output, '-lm'], {
    input: source,
    encoding: 'utf8',
    shell: false,
    timeout: COMPILE_TIMEOUT_MS,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  // A compiler that stops before it has read everything breaks the pipe; its exit code says more.
  if (run.error !== undefined && run.status === null) {
    throw new Rejection('compile', `the compiler \`${toolchain.path}\` cannot be run: ${run.error.message}`);
  }
  if (run.status !== 0) {
    const lines = run.stderr.split('\n').filter((line) => line !== '');
    const first = lines.find((line) => /error/i.test(line)) ?? lines[0] ?? 'no message';
    const end = run.signal === null ? `exit code ${run.status}` : `signal ${run.signal}`;
    throw new Rejection('compile', `the compiler \`${toolchain.path}\` failed with ${end}: ${first}`);
  }
  return performance.now() - begin;
}

let cpu: string | undefined;

/** What `-march=native` depends on: the model and the feature flags of the processor. */
export function cpuId(): string {
  cpu ??= `${process.arch}:${cpuInfo()}`;
  return cpu;
}

function cpuInfo(): string {
  try {
    // The first processor's block; on large machines the whole file takes long to produce.
    const fd = openSync('/proc/cpuinfo', 'r');
    try {
      const buffer = Buffer.alloc(8192);
      const text = buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0)).split('\n\n')[0] ?? '';
      const lines = text
        .split('\n')
        .filter((line) => /^(model name|flags|Features|CPU part|CPU implementer)\b/.test(line));
      if (lines.length > 0) return lines.join(';').replace(/\s+/g, ' ');
    } finally {
      closeSync(fd);
    }
  } catch {
    // No such file on this system.
  }
  return cpus()[0]?.model ?? 'unknown';
}
