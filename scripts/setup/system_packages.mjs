// Finds what the build needs from the system by trying it (a compiler that compiles, a header that is found), not by
// asking a package database, so that a compiler from elsewhere counts as well.
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { runChild, tail } from './child.mjs';
import { SetupFailure } from './setup_error.mjs';

/**
 * @typedef {'build' | 'test' | 'bench' | 'arm64'} Purpose
 *
 * @typedef {object} Machine             what the probes and the installation see of the machine
 * @property {(command: string) => boolean} has              is there such a program on the PATH?
 * @property {(source: string, flags: readonly string[]) => Promise<boolean>} compiles C++, to a linked program
 * @property {(source: string) => Promise<boolean>} compilesC
 * @property {(command: string, args: readonly string[], onLine?: (line: string) => void) => Promise<{ code: number | null, output: string }>} run
 * @property {boolean} isRoot
 *
 * @typedef {object} Requirement
 * @property {string} what
 * @property {string} package            Debian's and Ubuntu's name
 * @property {readonly Purpose[]} purposes
 * @property {boolean} [isOptional]      without it some tests are skipped, and nothing else is lost
 * @property {(machine: Machine) => Promise<boolean>} isMet
 */

/** @type {readonly Purpose[]} */
const always = ['build', 'test', 'bench'];

/** @type {readonly Requirement[]} */
export const requirements = [
  {
    what: 'a C compiler',
    package: 'gcc',
    purposes: always,
    isMet: (machine) => machine.compilesC('#include <stdio.h>\nint main(void) { return 0; }\n'),
  },
  {
    what: 'a C++20 compiler (g++ 10 or newer)',
    package: 'g++',
    purposes: always,
    isMet: (machine) =>
      machine.compiles('#include <concepts>\n#include <bit>\nint main() { return std::has_single_bit(3u); }\n', []),
  },
  { what: 'make', package: 'make', purposes: always, isMet: async (machine) => machine.has('make') },
  {
    what: 'python3 (for node-gyp)',
    package: 'python3',
    purposes: always,
    isMet: async (machine) => machine.has('python3'),
  },
  {
    what: 'the hwloc library and its header',
    package: 'libhwloc-dev',
    purposes: always,
    isMet: (machine) =>
      machine.compiles('#include <hwloc.h>\nint main() { return hwloc_get_api_version() == 0; }\n', ['-lhwloc']),
  },
  {
    what: 'the OpenMP header and library of the compiler',
    package: 'g++',
    purposes: ['test', 'bench'],
    isMet: (machine) =>
      machine.compiles('#include <omp.h>\nint main() { return omp_get_max_threads() == 0; }\n', ['-fopenmp']),
  },
  {
    what: 'the doctest header',
    package: 'doctest-dev',
    purposes: ['test'],
    isMet: (machine) =>
      machine.compiles('#define DOCTEST_CONFIG_DISABLE\n#include <doctest/doctest.h>\nint main() {}\n', []),
  },
  {
    what: 'spin, which checks the models of the protocol',
    package: 'spin',
    purposes: ['test'],
    isMet: async (machine) => machine.has('spin'),
  },
  {
    what: 'Valgrind and its header',
    package: 'valgrind',
    purposes: ['test'],
    isMet: async (machine) =>
      machine.has('valgrind') && machine.compiles('#include <valgrind/valgrind.h>\nint main() {}\n', []),
  },
  {
    what: "LLVM's OpenMP library (a contender in the benchmarks)",
    package: 'libomp5',
    purposes: ['bench'],
    isOptional: true,
    isMet: async (machine) => {
      const { output } = await machine.run('/sbin/ldconfig', ['-p']);
      return /libomp\.so\.5 /.test(output);
    },
  },
  {
    what: 'the Boost.Context library (a contender in the benchmarks)',
    package: 'libboost-context-dev',
    purposes: ['bench'],
    isMet: (machine) => machine.compiles('#include <boost/context/fiber.hpp>\nint main() {}\n', ['-lboost_context']),
  },
  {
    what: 'the Boost.Fiber library (a contender in the benchmarks)',
    package: 'libboost-fiber-dev',
    purposes: ['bench'],
    isMet: (machine) =>
      machine.compiles('#include <boost/fiber/all.hpp>\nint main() {}\n', ['-lboost_fiber', '-lboost_context']),
  },
  {
    what: 'a C++ compiler for arm64',
    package: 'g++-aarch64-linux-gnu',
    purposes: ['arm64'],
    isMet: async (machine) => machine.has('aarch64-linux-gnu-g++'),
  },
  {
    what: 'the emulator qemu-aarch64',
    package: 'qemu-user',
    purposes: ['arm64'],
    isMet: async (machine) => machine.has('qemu-aarch64') || machine.has('qemu-aarch64-static'),
  },
  {
    what: 'pkg-config (tests build a program with it)',
    package: 'pkg-config',
    purposes: ['test'],
    isOptional: true,
    isMet: async (machine) => machine.has('pkg-config'),
  },
  {
    what: 'CMake (tests build a program with it)',
    package: 'cmake',
    purposes: ['test'],
    isOptional: true,
    isMet: async (machine) => machine.has('cmake'),
  },
  {
    what: 'OpenBLAS on OpenMP (tests run it on harts)',
    package: 'libopenblas0-openmp',
    purposes: ['test'],
    isOptional: true,
    isMet: (machine) => machine.compiles('int main() {}\n', ['-l:openblas-openmp/libopenblas.so.0']),
  },
  {
    what: 'FFTW on OpenMP (tests run it on harts)',
    package: 'libfftw3-double3',
    purposes: ['test'],
    isOptional: true,
    isMet: (machine) => machine.compiles('int main() {}\n', ['-l:libfftw3_omp.so.3', '-l:libfftw3.so.3']),
  },
  {
    what: 'ImageMagick (tests run it on harts)',
    package: 'imagemagick',
    purposes: ['test'],
    isOptional: true,
    // By Debian's own names: other packages have a `convert`, too.
    isMet: async (machine) => machine.has('convert-im6.q16') || machine.has('convert-im7.q16'),
  },
];

/**
 * The machine as seen through the environment `env` (its PATH, CC and CXX).
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Machine}
 */
export function realMachine(env = process.env) {
  /** @param {string} command */
  const has = (command) =>
    (env.PATH ?? '').split(delimiter).some((directory) => {
      try {
        accessSync(join(directory || '.', command), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  /** @param {string} compiler @param {readonly string[]} before @param {string} source @param {readonly string[]} flags */
  const links = async (compiler, before, source, flags) => {
    const [command, ...rest] = compiler.split(/\s+/);
    if (command === undefined || (!command.includes('/') && !has(command))) return false;
    const directory = mkdtempSync(join(tmpdir(), 'harts-probe-'));
    try {
      const args = [...rest, ...before, '-', '-o', join(directory, 'probe'), ...flags];
      const { code } = await runChild(command, args, { env, input: source, deadlineMs: 60_000 });
      return code === 0;
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };
  return {
    has,
    compiles: (source, flags) => links(env.CXX || 'g++', ['-std=c++20', '-x', 'c++'], source, flags),
    compilesC: (source) => links(env.CC || 'cc', ['-x', 'c'], source, []),
    run: (command, args, onLine) => runChild(command, args, { env, onLine, deadlineMs: 900_000 }),
    isRoot: process.geteuid?.() === 0,
  };
}

/**
 * @param {Machine} machine
 * @param {readonly Purpose[]} purposes
 * @param {boolean} [optional] look for those that are optional, instead of those that are not
 * @returns {Promise<Requirement[]>} the requirements that are not met
 */
export async function missingRequirements(machine, purposes, optional = false) {
  const wanted = requirements.filter(
    ({ purposes: all, isOptional = false }) =>
      isOptional === optional && all.some((purpose) => purposes.includes(purpose)),
  );
  const met = await Promise.all(wanted.map((requirement) => requirement.isMet(machine)));
  return wanted.filter((_, index) => !met[index]);
}

/** @param {readonly Requirement[]} missing @returns {string[]} */
export function packagesFor(missing) {
  return [...new Set(missing.map((requirement) => requirement.package))];
}

/** @param {readonly Requirement[]} missing */
export function missingMessage(missing) {
  const list = missing.map((requirement) => requirement.what).join(', ');
  return `harts needs what this machine lacks: ${list}.\nInstall it and run the same command again:\n\n  sudo apt-get update && sudo apt-get install -y ${packagesFor(missing).join(' ')}\n`;
}

/**
 * How apt-get can be run without asking anybody: as root, or with a sudo that wants no password.
 *
 * @param {Machine} machine
 * @returns {Promise<readonly string[] | undefined>} the words before `apt-get`, undefined when it cannot
 */
async function aptPrefix(machine) {
  if (!machine.has('apt-get')) return undefined;
  const quiet = ['env', 'DEBIAN_FRONTEND=noninteractive'];
  if (machine.isRoot) return quiet;
  if (!machine.has('sudo')) return undefined;
  const { code } = await machine.run('sudo', ['-n', 'true']);
  return code === 0 ? ['sudo', '-n', ...quiet] : undefined;
}

/**
 * Finds what is missing for `purposes` and installs it with apt when that needs no password.
 *
 * The package lists are refreshed only when the first try fails: a machine with usable lists is spared the wait, one
 * with empty or outdated lists is served all the same.
 *
 * @param {readonly Purpose[]} purposes
 * @param {import('./progress.mjs').Progress} progress
 * @param {Machine} [machine]
 * @throws {SetupFailure} with the one line to run, when something is still missing
 */
export async function ensureSystemPackages(purposes, progress, machine = realMachine()) {
  await ensureRequired(purposes, progress, machine);
  await tryOptional(purposes, progress, machine);
}

/**
 * @param {Machine} machine
 * @param {readonly string[]} prefix
 * @param {import('./progress.mjs').Progress} progress
 * @returns {(args: readonly string[]) => ReturnType<Machine['run']>} runs apt-get
 */
function aptGet(machine, prefix, progress) {
  return (args) => {
    const [command, ...rest] = [...prefix, 'apt-get', '-o', 'DPkg::Lock::Timeout=300', ...args];
    return machine.run(/** @type {string} */ (command), rest, (line) => progress.sayRarely(`apt: ${line.trim()}`));
  };
}

/** @param {readonly string[]} packages */
const installing = (packages) => ['install', '-y', '--no-install-recommends', ...packages];

/**
 * One try, with the package lists as they are: what is optional is not worth the wait for more.
 *
 * @param {readonly Purpose[]} purposes
 * @param {import('./progress.mjs').Progress} progress
 * @param {Machine} machine
 */
async function tryOptional(purposes, progress, machine) {
  const missing = await missingRequirements(machine, purposes, true);
  if (missing.length === 0) return;
  const packages = packagesFor(missing);
  const prefix = await aptPrefix(machine);
  if (prefix !== undefined) {
    progress.say(`system packages: installing ${packages.join(', ')}`);
    const { code } = await aptGet(machine, prefix, progress)(installing(packages));
    if (code === 0) return;
  }
  progress.say(`system packages: without ${packages.join(', ')}; tests that need it are skipped`);
}

/**
 * @param {readonly Purpose[]} purposes
 * @param {import('./progress.mjs').Progress} progress
 * @param {Machine} machine
 */
async function ensureRequired(purposes, progress, machine) {
  let missing = await missingRequirements(machine, purposes);
  if (missing.length === 0) return;
  const prefix = await aptPrefix(machine);
  if (prefix === undefined) throw new SetupFailure(missingMessage(missing));

  const packages = packagesFor(missing);
  const apt = aptGet(machine, prefix, progress);
  const install = installing(packages);
  progress.say(`system packages: installing ${packages.join(', ')}`);
  let result = await apt(install);
  if (result.code !== 0) {
    progress.say('system packages: refreshing the package lists');
    await apt(['update']);
    result = await apt(install);
  }
  missing = await missingRequirements(machine, purposes);
  if (missing.length > 0) {
    const reason = result.code === 0 ? '' : `apt-get failed:\n${tail(result.output, 10)}\n\n`;
    throw new SetupFailure(`${reason}${missingMessage(missing)}`);
  }
  progress.say(`system packages: installed ${packages.join(', ')}`);
}
