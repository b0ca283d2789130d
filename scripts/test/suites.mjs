// The suites of `npm test`, in the order in which they run. Each has a deadline: one that hangs fails.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runChild } from '../setup/child.mjs';
import { makeNative } from '../setup/native_build.mjs';
import { SetupFailure } from '../setup/setup_error.mjs';
import { clangFormat } from './clang_format.mjs';
import { checkCounts, doctestCounts, vitestCounts } from './counts.mjs';
import { testModels } from './model.mjs';

/**
 * @typedef {import('./counts.mjs').Counts & { skipped?: string }} Outcome
 *
 * @typedef {object} Context
 * @property {string} root
 * @property {import('../setup/progress.mjs').Progress} progress
 *
 * @typedef {object} Suite
 * @property {string} name
 * @property {'lint' | 'model' | 'native' | 'ts'} kind
 * @property {(context: Context) => Promise<Outcome>} run
 */

const minute = 60_000;

/**
 * A check of the whole tree by a program from node_modules.
 *
 * @param {string} name
 * @param {'lint' | 'ts'} kind
 * @param {string} script path under node_modules
 * @param {readonly string[]} args
 * @returns {Suite}
 */
function check(name, kind, script, args) {
  return {
    name,
    kind,
    async run({ root }) {
      const command = [join(root, 'node_modules', script), ...args];
      const { code, timedOut } = await runChild(process.execPath, command, {
        cwd: root,
        echo: true,
        deadlineMs: 5 * minute,
      });
      if (timedOut) console.log(`${name}: ended at its deadline`);
      return checkCounts(code);
    },
  };
}

/**
 * The native test program in one flavour.
 *
 * @param {string} flavour directory under build/
 * @param {string} sanitize for native/Makefile
 * @param {Record<string, string>} options environment of the sanitizer's runtime
 * @returns {Suite}
 */
function native(flavour, sanitize, options) {
  const name = `native, ${sanitize === '' ? 'plain' : sanitize}`;
  return {
    name,
    kind: 'native',
    async run({ root, progress }) {
      try {
        await makeNative(root, flavour, [`SANITIZE=${sanitize}`, 'test-binary'], progress);
      } catch (error) {
        if (!(error instanceof SetupFailure)) throw error;
        console.log(error.message);
        return { passed: 0, failed: 1 };
      }
      const env = { ...process.env, ...options };
      const binary = join(root, 'build', flavour, 'lithe_test');
      const command = [...(await fixedAddresses(binary, env, sanitize)), binary];
      const ended = await runChild(/** @type {string} */ (command[0]), command.slice(1), {
        cwd: root,
        env,
        echo: true,
        deadlineMs: 8 * minute,
      });
      if (ended.timedOut) console.log(`${name}: ended at its deadline`);
      else if (ended.signal !== null) console.log(`${name}: ended by ${ended.signal}`);
      return doctestCounts(ended);
    },
  };
}

/**
 * ThreadSanitizer's memory map has no room for the addresses that kernels with more random bits hand out; without
 * randomisation it always fits.
 *
 * @param {string} binary
 * @param {NodeJS.ProcessEnv} env
 * @param {string} sanitize
 * @returns {Promise<string[]>} the words to put before the program
 */
async function fixedAddresses(binary, env, sanitize) {
  if (sanitize !== 'thread') return [];
  const { code, output } = await runChild(binary, ['--count'], { env, deadlineMs: minute });
  return code !== 0 && /unexpected memory mapping/.test(output) ? ['setarch', '-R'] : [];
}

/** @type {Suite} */
const vitest = {
  name: 'vitest',
  kind: 'ts',
  async run({ root }) {
    const report = join(root, 'build/vitest.json');
    rmSync(report, { force: true });
    const command = [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ];
    const { code, timedOut } = await runChild(process.execPath, command, {
      cwd: root,
      echo: true,
      deadlineMs: 12 * minute,
    });
    if (timedOut) console.log('vitest: ended at its deadline');
    return vitestCounts(existsSync(report) ? readFileSync(report, 'utf8') : undefined, code);
  },
};

/** @type {Suite} */
const clangFormatCheck = {
  name: 'clang-format',
  kind: 'lint',
  async run({ root }) {
    const result = await clangFormat(root, false);
    return 'skipped' in result ? { passed: 0, failed: 0, skipped: result.skipped } : checkCounts(result.code);
  },
};

/** @type {readonly Suite[]} */
export const suites = [
  check('biome', 'lint', '@biomejs/biome/bin/biome', ['check', '.']),
  clangFormatCheck,
  check('type check', 'ts', 'typescript/bin/tsc', ['-p', 'tsconfig.json', '--pretty', 'false']),
  { name: 'models', kind: 'model', run: testModels },
  native('plain', '', {}),
  native('asan', 'address,undefined', {
    ASAN_OPTIONS: 'detect_leaks=1:detect_stack_use_after_return=0',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  }),
  native('tsan', 'thread', { TSAN_OPTIONS: 'second_deadlock_stack=1:halt_on_error=0' }),
  vitest,
];
