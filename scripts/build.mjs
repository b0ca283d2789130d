// npm run build: everything that is stale; `build.mjs ts` or `build.mjs native` only that part.
import { ensureNativeBuild } from './setup/native_build.mjs';
import { ensureNpmPackages } from './setup/npm_packages.mjs';
import { checkPlatform } from './setup/platform.mjs';
import { createProgress } from './setup/progress.mjs';
import { root } from './setup/setup.mjs';
import { runScript, SetupFailure } from './setup/setup_error.mjs';
import { ensureSystemPackages } from './setup/system_packages.mjs';
import { ensureTypescriptBuild } from './setup/typescript_build.mjs';

await runScript(async () => {
  const parts = process.argv.length > 2 ? process.argv.slice(2) : ['native', 'ts'];
  const unknown = parts.find((part) => part !== 'native' && part !== 'ts');
  if (unknown !== undefined)
    throw new SetupFailure(`Unknown part "${unknown}"; build takes "native", "ts" or nothing.`);
  const progress = createProgress();
  checkPlatform(root);
  if (parts.includes('native')) await ensureSystemPackages(['build'], progress);
  await ensureNpmPackages(root, progress);
  if (parts.includes('native')) await ensureNativeBuild(root, progress);
  if (parts.includes('ts')) await ensureTypescriptBuild(root, progress);
});
