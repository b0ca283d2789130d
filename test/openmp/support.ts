import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { output, root } from '../native/support.js';
import { type ChildResult, runChild } from '../support/child.js';

/** The OpenMP library that is tested: what users load. */
export const ourOpenmp = join(root, 'build/Release/libgomp.so.1');

/** Runs `harts` with these arguments. */
export function harts(args: string[], env: NodeJS.ProcessEnv = {}): Promise<ChildResult> {
  return runChild(new URL('../../src/cli/harts.ts', import.meta.url), { args, env, deadline: 30_000 });
}

/** Compiles one C file with -fopenmp, and returns the path of the result. */
export function compileC(directory: string, name: string, source: string, flags: readonly string[] = []): string {
  const file = join(directory, `${name}.c`);
  const program = join(directory, name);
  writeFileSync(file, source);
  output('gcc', ['-O1', '-fopenmp', file, '-o', program, ...flags]);
  return program;
}

/** The file of a shared library, by the compiler's search path; undefined when it is not installed. */
export function libraryFile(name: string): string | undefined {
  const { stdout } = spawnSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' });
  const file = stdout.trim();
  return file !== name && existsSync(file) ? file : undefined;
}

/** Flags that link a library without a development package, and find that very file at run time. */
export const linkTo = (file: string): string[] => [file, `-Wl,-rpath,${dirname(file)}`];

/** Fails unless `report` says that harts did the work. */
export function expectWorkOnHarts(report: string): void {
  expect(report).toMatch(/^harts: report of /m);
  for (const name of ['schedulers entered', 'context switches']) {
    expect(Number(new RegExp(`^ {2}${name} +(\\d+)$`, 'm').exec(report)?.[1]), report).toBeGreaterThan(0);
  }
}
