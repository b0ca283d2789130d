// npm run install:native -- --prefix DIR [--uninstall]: builds liblithe and libgomp for C and C++ where stale, and
// installs them with their headers below DIR. Needs no npm packages. See native/install.mk for what goes where.
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { withSetupLock } from './setup/lock.mjs';
import { makeNative } from './setup/native_build.mjs';
import { checkPlatform } from './setup/platform.mjs';
import { createProgress } from './setup/progress.mjs';
import { root } from './setup/setup.mjs';
import { runScript, SetupFailure } from './setup/setup_error.mjs';
import { ensureSystemPackages } from './setup/system_packages.mjs';

const usage = `Usage: npm run install:native -- --prefix DIR [--uninstall]
DIR gets lib/ and include/; /usr/local or $HOME/.local for example.`;

/** @param {string} text as one word of a shell */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @returns {{ prefix: string, uninstall: boolean }} */
function readArguments() {
  const options = /** @type {const} */ ({ prefix: { type: 'string' }, uninstall: { type: 'boolean', default: false } });
  try {
    const { values } = parseArgs({ options });
    if (values.prefix === undefined || values.prefix === '') throw new Error('--prefix is missing.');
    // npm runs scripts in the package's directory; INIT_CWD is where the user was.
    return { prefix: resolve(process.env.INIT_CWD ?? '.', values.prefix), uninstall: values.uninstall };
  } catch (error) {
    throw new SetupFailure(`${error instanceof Error ? error.message : error}\n${usage}`);
  }
}

/**
 * Finds out before the build, which takes a while, that its result would have no place to go.
 *
 * @param {string} prefix
 */
function requireWritable(prefix) {
  let directory = prefix;
  try {
    // One at a time: with `recursive`, Node 20 never returns where the system refuses with ENOENT, as in /proc.
    const missing = [];
    for (; statSync(directory, { throwIfNoEntry: false }) === undefined; directory = dirname(directory)) {
      missing.unshift(directory);
    }
    if (!statSync(directory).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    accessSync(directory, constants.W_OK | constants.X_OK);
    for (directory of missing) mkdirSync(directory);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new SetupFailure(
      `Cannot install in ${prefix}: ${reasons[code] ?? code} (${directory}).\nName another directory with --prefix, one in your home directory for example; or build as yourself and let root copy only:\n\n  make -C native OUT=../build/plain libraries && sudo make -C native OUT=../build/plain PREFIX=${quoted(prefix)} install\n`,
    );
  }
}
/** @type {Record<string, string>} */
const reasons = {
  EACCES: 'you may not write there',
  EPERM: 'you may not write there',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is not a directory',
  ENOENT: 'the system makes no directories there',
};

await runScript(async () => {
  const { prefix, uninstall } = readArguments();
  checkPlatform(root);
  if (!uninstall) requireWritable(prefix);
  const progress = createProgress();
  const onWait = () => progress.say('waiting for another setup of this checkout to end');
  await withSetupLock(root, onWait, async () => {
    await ensureSystemPackages(['build'], progress);
    // A $ would be make's own; the recipes take the rest of the path as it is.
    const variable = `PREFIX=${prefix.replaceAll('$', '$$$$')}`;
    await makeNative(root, 'plain', [variable, uninstall ? 'uninstall' : 'install'], progress);
  });
  if (uninstall) {
    progress.say(`uninstalled from ${prefix}`);
    return;
  }
  progress.say(`installed in ${prefix}`);
  console.log(`To build a program with it:

  export PKG_CONFIG_PATH=${quoted(`${prefix}/lib/pkgconfig`)}
  g++ program.cc $(pkg-config --cflags --libs lithe) -Wl,-rpath,"$(pkg-config --variable=libdir lithe)"

With CMake: find_package(lithe) in a project configured with -DCMAKE_PREFIX_PATH=${quoted(prefix)}. OpenMP programs run on harts
with LD_LIBRARY_PATH=${quoted(`${prefix}/lib/harts`)}.`);
});
