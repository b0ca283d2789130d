import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withSetupLock } from './lock.mjs';
import { ensureNativeBuild, nativeBuildIsFresh } from './native_build.mjs';
import { ensureNpmPackages, npmPackagesAreFresh } from './npm_packages.mjs';
import { checkPlatform } from './platform.mjs';
import { createProgress } from './progress.mjs';
import { ensureSystemPackages } from './system_packages.mjs';
import { ensureTypescriptBuild, typescriptBuildIsFresh } from './typescript_build.mjs';

/** The root of the checkout. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * Brings a checkout to the point where its programs run: system packages, npm packages, native core, TypeScript; each
 * only when stale. With everything fresh it only reads files and takes some tens of milliseconds.
 *
 * @param {'start' | 'test' | 'bench'} goal
 * @param {import('./progress.mjs').Progress} [progress]
 * @throws {import('./setup_error.mjs').SetupFailure}
 */
export async function setUp(goal, progress = createProgress()) {
  checkPlatform(root);
  const isFresh = () => npmPackagesAreFresh(root) && nativeBuildIsFresh(root) && typescriptBuildIsFresh(root);
  // Tests and benches compile native programs of their own, so they look at the system even when this build is fresh.
  if (goal === 'start' && isFresh()) return;
  await withSetupLock(
    root,
    () => progress.say('waiting for another setup of this checkout to end'),
    async () => {
      if (goal !== 'start') await ensureSystemPackages(['build', goal], progress);
      else if (!nativeBuildIsFresh(root)) await ensureSystemPackages(['build'], progress);
      await ensureNpmPackages(root, progress);
      await ensureNativeBuild(root, progress);
      await ensureTypescriptBuild(root, progress);
    },
  );
}
