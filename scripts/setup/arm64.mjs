// What it takes to build the native core for arm64 on another machine, and to run it there: a cross compiler, an
// emulator, and the few arm64 libraries that the compiler's packages do not bring.
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runChild, tail } from './child.mjs';
import { SetupFailure } from './setup_error.mjs';
import { fingerprint, stampAt } from './stale.mjs';
import { ensureSystemPackages } from './system_packages.mjs';

/**
 * @typedef {object} Arm64
 * @property {readonly string[]} make      variables for native/Makefile
 * @property {readonly string[]} runner    words to put before an arm64 program
 * @property {string} compiler             makes arm64 programs of C
 */

const compiler = 'aarch64-linux-gnu';
const libraries = 'lib/aarch64-linux-gnu';
/** Where Debian's cross compiler has the C and C++ libraries of its target. */
const crossLibraries = `/usr/${compiler}/lib`;
/** hwloc, and what it needs beside the C library, in one release of Debian or another. */
const packages = ['libhwloc-dev', 'libhwloc15', 'libudev1', 'libcap2'];

/**
 * Installs the tools (with apt, when that needs no password) and makes build/arm64/sysroot. The machine's package
 * database learns nothing of arm64: the libraries are only unpacked there.
 *
 * @param {string} root
 * @param {import('./progress.mjs').Progress} progress
 * @returns {Promise<Arm64>}
 * @throws {SetupFailure} when something cannot be had
 */
export async function ensureArm64(root, progress) {
  await ensureSystemPackages(['arm64'], progress);
  const emulator = await emulatorCommand();
  const sysroot = join(root, 'build/arm64/sysroot');
  const runner = [emulator, '-L', sysroot];
  const wanted = fingerprint(root, [], [crossLibraries, emulator, ...packages]);
  const stamp = stampAt(join(sysroot, '.harts-stamp'), [join(sysroot, 'usr/include/hwloc.h')]);
  if (!stamp.isFresh(wanted)) {
    await makeSysroot(root, sysroot, progress);
    await probe(sysroot, runner);
    stamp.write(wanted);
  }
  const include = `-isystem ${sysroot}/usr/include -isystem ${sysroot}/usr/include/${compiler}`;
  const link = `-L${sysroot}/usr/${libraries} -Wl,-rpath-link,${sysroot}/usr/${libraries}`;
  return {
    make: [`CC=${compiler}-gcc`, `CXX=${compiler}-g++`, `CXXFLAGS=${include}`, `LDFLAGS=${link}`],
    runner,
    compiler: `${compiler}-gcc`,
  };
}

async function emulatorCommand() {
  for (const command of ['qemu-aarch64', 'qemu-aarch64-static']) {
    if ((await runChild(command, ['--version'], { deadlineMs: 20_000 })).code === 0) return command;
  }
  throw new SetupFailure('The emulator qemu-aarch64 is installed but does not start.');
}

/**
 * Downloads the packages with an apt whose state is a directory of its own, for the architecture arm64, from the
 * sources and with the keys of this machine; needs no rights.
 *
 * @param {string} root
 * @param {string} sysroot
 * @param {import('./progress.mjs').Progress} progress
 */
async function makeSysroot(root, sysroot, progress) {
  progress.say('arm64: fetching its hwloc library');
  rmSync(sysroot, { recursive: true, force: true });
  const apt = join(root, 'build/arm64/apt');
  rmSync(apt, { recursive: true, force: true });
  for (const directory of ['state/lists/partial', 'cache/archives/partial', 'packages']) {
    mkdirSync(join(apt, directory), { recursive: true });
  }
  writeFileSync(join(apt, 'status'), '');
  const settings = [
    'APT::Architecture=arm64',
    'APT::Architectures=arm64',
    `Dir::State=${apt}/state`,
    `Dir::State::status=${apt}/status`,
    `Dir::Cache=${apt}/cache`,
    'APT::Sandbox::User=',
    'Acquire::Languages=none',
    'Acquire::Retries=2',
  ].flatMap((setting) => ['-o', setting]);
  const at = join(apt, 'packages');
  await must('apt-get', [...settings, 'update'], at);
  for (const name of packages) await must('apt-get', [...settings, 'download', name], at);
  for (const file of readdirSync(at)) await must('dpkg-deb', ['-x', file, sysroot], at);
  rmSync(apt, { recursive: true });
  // The emulator looks for every library under the one directory that it is given.
  mkdirSync(join(sysroot, 'lib'), { recursive: true });
  for (const name of readdirSync(crossLibraries)) {
    const link = join(sysroot, 'lib', name);
    if (/\.so(\.|$)/.test(name) && !existsSync(link)) symlinkSync(join(crossLibraries, name), link);
  }
}

/**
 * Finds out with the smallest program whether all parts fit.
 *
 * @param {string} sysroot
 * @param {readonly string[]} runner
 */
async function probe(sysroot, runner) {
  const program = join(sysroot, 'probe');
  const source = '#include <hwloc.h>\nint main() { return hwloc_get_api_version() == 0; }\n';
  const places = [
    ...['-isystem', `${sysroot}/usr/include`, '-isystem', `${sysroot}/usr/include/${compiler}`],
    ...[`-L${sysroot}/usr/${libraries}`, `-Wl,-rpath-link,${sysroot}/usr/${libraries}`],
  ];
  await must(`${compiler}-g++`, [...places, '-x', 'c++', '-', '-o', program, '-lhwloc'], sysroot, source);
  const [command, ...rest] = runner;
  await must(/** @type {string} */ (command), [...rest, program], sysroot);
  rmSync(program);
}

/** @param {string} command @param {readonly string[]} args @param {string} cwd @param {string} [input] */
async function must(command, args, cwd, input) {
  const { code, output } = await runChild(command, args, { cwd, input, deadlineMs: 300_000 });
  if (code === 0) return;
  throw new SetupFailure(
    `The arm64 libraries cannot be had: \`${command}\` failed.\n${tail(output, 10)}\nThey are fetched from the package sources of this machine, which must be those of Debian.\n`,
  );
}
