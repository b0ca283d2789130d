import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withSetupLock } from './lock.mjs';
import { ensureNativeBuild, nativeBuildIsFresh } from './native_build.mjs';
import { ensureNpmPackages, npmPackagesAreFresh } from './npm_packages.mjs';
import { checkPlatform } from './platform.mjs';
import { createProgress } from './progress.mjs';
import { ensureSystemPackages } from './system_packages.mjs';
import { ensureTypescriptBuild, typescriptBuildIsFresh } from './typescript_build.mjs';

/** @typedef {'native' | 'ts'} Part */

/** The root of the checkout. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * Brings a checkout to the point where its programs run: system packages, npm packages, native core, TypeScript; each
 * only when stale. With everything fresh it only reads files and takes some tens of milliseconds.
 *
 * @param {import('./system_packages.mjs').Purpose} goal tests and benches compile native programs of their own, so for
 *     these the system is looked at even when the build is fresh
 * @param {import('./progress.mjs').Progress} [progress]
 * @param {readonly Part[]} [parts] what to build
 * @throws {import('./setup_error.mjs').SetupFailure}
 */
export async function setUp(goal, progress = createProgress(), parts = ['native', 'ts']) {
  checkPlatform(root);
  const native = parts.includes('native');
  const typescript = parts.includes('ts');
  const isFresh = () =>
    npmPackagesAreFresh(root) &&
    !(native && !nativeBuildIsFresh(root)) &&
    !(typescript && !typescriptBuildIsFresh(root));
  if (goal === 'build' && isFresh()) return;

  const onWait = () => progress.say('waiting for another setup of this checkout to end');
  await withSetupLock(root, onWait, async () => {
    if (goal !== 'build') await ensureSystemPackages(['build', goal], progress);
    else if (native && !nativeBuildIsFresh(root)) await ensureSystemPackages(['build'], progress);
    await ensureNpmPackages(root, progress);
    if (native) await ensureNativeBuild(root, progress);
    if (typescript) await ensureTypescriptBuild(root, progress);
  });
}
