// npm run test:native, test:asan, test:tsan, test:valgrind: the native test program alone, without a build of the package.
//
//   test_native.mjs [plain | asan | tsan | valgrind]   all cases in that flavour
//   test_native.mjs --chaos ROUNDS [--chaos-seed SEED]  under so many seeds, from SEED (1) on
//   test_native.mjs --chaos-seed SEED                   under one seed
//
// The last line is `N passed, M failed`; the exit code is 1 when anything failed.
import { createProgress } from './setup/progress.mjs';
import { root } from './setup/setup.mjs';
import { runScript, SetupFailure } from './setup/setup_error.mjs';
import { ensureSystemPackages } from './setup/system_packages.mjs';
import { commandLine } from './test/command_line.mjs';
import { nativeFlavours, testChaos } from './test/native.mjs';

/** @param {string} name @param {string | undefined} text */
function wholeNumber(name, text) {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new SetupFailure(`--${name} ${text}: give a whole number from 1 on.`);
}

/** What the command line asks for. */
function plan() {
  const options = /** @type {const} */ ({ chaos: { type: 'string' }, 'chaos-seed': { type: 'string' } });
  const { values, positionals } = commandLine(options);
  const [flavour = 'plain', ...more] = positionals;
  const run = /** @type {Record<string, import('./test/native.mjs').Run | undefined>} */ (nativeFlavours)[flavour];
  if (run === undefined || more.length > 0)
    throw new SetupFailure(
      `Unknown flavour "${positionals.join(' ')}"; there are ${Object.keys(nativeFlavours).join(', ')}.`,
    );
  const seed = wholeNumber('chaos-seed', values['chaos-seed']);
  const rounds = wholeNumber('chaos', values.chaos) ?? (seed === undefined ? undefined : 1);
  if (rounds !== undefined && positionals.length > 0) throw new SetupFailure('Chaos is for the plain flavour only.');
  return rounds === undefined ? run : testChaos({ rounds, from: seed ?? 1 });
}

await runScript(async () => {
  const wanted = plan();
  const progress = createProgress();
  await ensureSystemPackages(['build', 'test'], progress);
  const { passed, failed, skipped } = await wanted({ root, progress });
  if (skipped !== undefined) throw new SetupFailure(`\nThe tests were not run: ${skipped}`);
  console.log(`\n${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
});
