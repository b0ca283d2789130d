import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark, Instrument } from './harness/instrument.js';
import { openNativeProgram } from './harness/native_program.js';
import { bestOf, sideBySide, type Variant } from './harness/side_by_side.js';

/** What the peers' threads do while they wait: nothing said, OMP_WAIT_POLICY=active, =passive. */
const policies = ['', 'active', 'passive'] as const;

/** The libraries that a program compiled with -fopenmp can run on, beside ours. */
function peers(): { name: string; what: string; path: string | undefined }[] {
  return [
    { name: 'libgomp', what: "the compiler's own", path: output('gcc', ['-print-file-name=libgomp.so.1']) },
    {
      name: 'libomp',
      what: "LLVM's",
      path: output('ldconfig', ['-p']).match(/libomp\.so\.5 .*=> (\S+)/)?.[1],
    },
  ];
}

function output(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${process.env.PATH}:/sbin` },
    }).trim();
  } catch {
    return '';
  }
}

const threads = '2';

/** The same program on another library: the loader finds it under the name that the program asks for. */
function variantsOf(directory: string): Variant[] {
  return peers().flatMap(({ name, what, path }) => {
    if (path === undefined || !existsSync(path)) return [];
    const folder = mkdtempSync(join(directory, `${name}-`));
    symlinkSync(realpathSync(path), join(folder, 'libgomp.so.1'));
    return policies.map((policy) => ({
      contender: {
        name: policy === '' ? name : `${name}_${policy}`,
        what: policy === '' ? what : `with OMP_WAIT_POLICY=${policy}`,
      },
      open: () =>
        openNativeProgram('openmp', {
          stopped: true,
          env: {
            LD_LIBRARY_PATH: folder,
            OMP_NUM_THREADS: threads,
            ...(policy === '' ? {} : { OMP_WAIT_POLICY: policy }),
          },
        }),
    }));
  });
}

async function open(): Promise<Instrument> {
  const directory = mkdtempSync(join(tmpdir(), 'harts-openmp-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    const others = variantsOf(directory);
    const ours: Variant = {
      contender: { name: 'harts', what: 'ours' },
      open: () =>
        openNativeProgram('openmp', {
          stopped: true,
          env: { LD_LIBRARY_PATH: '', HARTS: threads, OMP_NUM_THREADS: threads },
        }),
    };
    const instrument = await sideBySide([ours, ...others]);
    const compared = bestOf(instrument, {
      contender: { name: 'best', what: 'the fastest of the others, in each round' },
      among: others.map(({ contender }) => contender.name),
    });
    return {
      ...compared,
      async close() {
        await compared.close();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** What OpenMP's constructs cost on our library and on others; native/schedulers/openmp/openmp_bench.cc. */
export const openmp: Benchmark = {
  name: 'openmp',
  what: 'what the constructs of OpenMP cost with 2 threads, beside libgomp and libomp',
  rounds: 10,
  open,
};
