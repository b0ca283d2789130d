import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { head, runChild } from './child.mjs';
import { SetupFailure } from './setup_error.mjs';
import { fingerprint, stampAt } from './stale.mjs';

/** @param {string} root */
function npmStep(root) {
  return {
    wanted: fingerprint(root, ['package-lock.json']),
    stamp: stampAt(join(root, 'node_modules/.harts-stamp'), [join(root, 'node_modules/typescript')]),
  };
}

/** @param {string} root */
export function npmPackagesAreFresh(root) {
  const { wanted, stamp } = npmStep(root);
  return stamp.isFresh(wanted);
}

/**
 * Installs exactly what package-lock.json says, unless it is there. No package's install script runs: none that we
 * use needs one.
 *
 * @param {string} root
 * @param {import('./progress.mjs').Progress} progress
 */
export async function ensureNpmPackages(root, progress) {
  const { wanted, stamp } = npmStep(root);
  if (stamp.isFresh(wanted)) return;
  progress.say('npm packages: installing');
  stamp.remove();
  const args = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, output } = await runChild(process.execPath, [npmCli(), ...args], { cwd: root, deadlineMs: 900_000 });
  if (code !== 0) {
    throw new SetupFailure(
      `npm ci failed; check the network and the npm registry setting, then run the same command again.\n${head(output)}`,
    );
  }
  stamp.write(wanted);
  progress.say('npm packages: installed');
}

/** @returns {string} the path of npm's own main script */
export function npmCli() {
  const fromNpm = process.env.npm_execpath;
  if (fromNpm !== undefined && /npm-cli\.js$/.test(fromNpm) && existsSync(fromNpm)) return fromNpm;
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(directory, 'npm');
    if (!existsSync(path)) continue;
    const cli = realpathSync(path);
    if (/\.c?js$/.test(cli)) return cli;
  }
  throw new SetupFailure(
    'npm is not on the PATH; it comes with Node.js (Debian and Ubuntu: sudo apt-get install -y npm).',
  );
}

/**
 * node-gyp as it comes with npm.
 *
 * @returns {string} the path of its main script
 */
export function nodeGyp() {
  try {
    return createRequire(npmCli()).resolve('node-gyp/bin/node-gyp.js');
  } catch (cause) {
    if (cause instanceof SetupFailure) throw cause;
    throw new SetupFailure(
      'This npm comes without node-gyp, which builds the native core; install npm 10 or newer (npm install -g npm).',
    );
  }
}
