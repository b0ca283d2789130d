// npm run test:model: the models of the hart protocol alone, without a build of the package. The last line is
// `N passed, M failed`; the exit code is 1 when anything failed.
import { createProgress } from './setup/progress.mjs';
import { root } from './setup/setup.mjs';
import { runScript } from './setup/setup_error.mjs';
import { ensureSystemPackages } from './setup/system_packages.mjs';
import { testModels } from './test/model.mjs';

await runScript(async () => {
  const progress = createProgress();
  await ensureSystemPackages(['build', 'test'], progress);
  const { passed, failed } = await testModels({ root, progress });
  console.log(`\n${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
});
