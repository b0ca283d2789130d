// npm test: sets the checkout up and runs every suite, or those of the kinds named: lint, model, native, ts.
// The last line is the sum of all: `N passed, M failed`; the exit code is 1 when anything failed.
import { createProgress } from './setup/progress.mjs';
import { root, setUp } from './setup/setup.mjs';
import { runScript, SetupFailure } from './setup/setup_error.mjs';
import { suites } from './test/suites.mjs';

await runScript(async () => {
  const kinds = process.argv.slice(2);
  const unknown = kinds.find((kind) => !suites.some((suite) => suite.kind === kind));
  if (unknown !== undefined)
    throw new SetupFailure(`Unknown kind of suite "${unknown}"; there are lint, model, native and ts.`);
  const progress = createProgress();
  try {
    await setUp('test', progress);
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    console.log(`${error.message}\n\n0 passed, 1 failed`);
    process.exitCode = 1;
    return;
  }

  const rows = [];
  for (const suite of suites) {
    if (kinds.length > 0 && !kinds.includes(suite.kind)) continue;
    progress.say(`suite ${suite.name}`);
    const begin = performance.now();
    const outcome = await suite.run({ root, progress });
    rows.push({ suite, outcome, seconds: (performance.now() - begin) / 1000 });
  }

  for (const { suite, outcome } of rows)
    for (const failure of outcome.failures ?? []) console.log(`\nFAILED in ${suite.name}: ${failure}`);
  console.log('');
  for (const { suite, outcome, seconds } of rows) {
    const result = outcome.skipped
      ? `skipped: ${outcome.skipped}`
      : `${outcome.passed} passed, ${outcome.failed} failed`;
    console.log(`${suite.name.padEnd(28)} ${`${seconds.toFixed(1)} s`.padStart(9)}   ${result}`);
  }
  const passed = rows.reduce((sum, { outcome }) => sum + outcome.passed, 0);
  const failed = rows.reduce((sum, { outcome }) => sum + outcome.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
});
