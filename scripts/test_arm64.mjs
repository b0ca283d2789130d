// npm run test:arm64: the whole native test program, compiled for arm64 and run under emulation. The last line is
// `N passed, M failed`; the exit code is 1 when anything failed or when the tools for it cannot be had.
import { createProgress } from './setup/progress.mjs';
import { root } from './setup/setup.mjs';
import { runScript, SetupFailure } from './setup/setup_error.mjs';
import { testArm64 } from './test/arm64.mjs';

await runScript(async () => {
  const { passed, failed, skipped } = await testArm64({ root, progress: createProgress() });
  if (skipped !== undefined) throw new SetupFailure(`\nThe arm64 tests were not run: ${skipped}`);
  console.log(`\n${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
});
