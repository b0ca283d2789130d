// npm run test:faults: every call of the runtime to the system that can fail does so in turn.
//
//   test_faults.mjs [plain | asan]                  all scenarios, in that build
//   test_faults.mjs --list                          their names
//   test_faults.mjs --scenario NAME [--fail KIND:K]  one, or one of its failures; add --verbose to see each
//
// The last line is `N passed, M failed`; the exit code is 1 when anything failed.
import { createProgress } from './setup/progress.mjs';
import { root } from './setup/setup.mjs';
import { runScript, SetupFailure } from './setup/setup_error.mjs';
import { ensureSystemPackages } from './setup/system_packages.mjs';
import { commandLine } from './test/command_line.mjs';
import { testFaults } from './test/faults.mjs';

/** What the command line asks for. */
function plan() {
  const options = /** @type {const} */ ({
    list: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    scenario: { type: 'string' },
    fail: { type: 'string' },
  });
  const { values, positionals } = commandLine(options);
  const [flavour = 'plain', ...more] = positionals;
  if ((flavour !== 'plain' && flavour !== 'asan') || more.length > 0)
    throw new SetupFailure(`Unknown flavour "${positionals.join(' ')}"; there are plain, asan.`);
  const args = [];
  if (values.list) args.push('--list');
  if (values.verbose) args.push('--verbose');
  if (values.scenario !== undefined) args.push('--scenario', values.scenario);
  if (values.fail !== undefined) args.push('--fail', values.fail);
  return testFaults({ flavour, args });
}

await runScript(async () => {
  const wanted = plan();
  const progress = createProgress();
  await ensureSystemPackages(['build', 'test'], progress);
  const { passed, failed } = await wanted({ root, progress });
  console.log(`\n${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
});
