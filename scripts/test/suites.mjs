// The suites of `npm test`, in the order in which they run. Each has a deadline: one that hangs fails.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runChild } from '../setup/child.mjs';
import { clangFormat } from './clang_format.mjs';
import { checkCounts, vitestCounts } from './counts.mjs';
import { vitestFailures } from './failures.mjs';
import { testFaults } from './faults.mjs';
import { testModels } from './model.mjs';
import { nativeFlavours, testChaos } from './native.mjs';

/**
 * @typedef {import('./counts.mjs').Counts & { skipped?: string, failures?: readonly string[] }} Outcome
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
    const text = existsSync(report) ? readFileSync(report, 'utf8') : undefined;
    const counts = vitestCounts(text, code);
    return counts.failed > 0 ? { ...counts, failures: vitestFailures(text) } : counts;
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
  { name: 'native, plain', kind: 'native', run: nativeFlavours.plain },
  { name: 'native, chaos', kind: 'native', run: testChaos({ rounds: 8, from: 1 }) },
  { name: 'native, faults', kind: 'native', run: testFaults({}) },
  { name: 'native, asan', kind: 'native', run: nativeFlavours.asan },
  { name: 'native, tsan', kind: 'native', run: nativeFlavours.tsan },
  { name: 'native, valgrind', kind: 'native', run: nativeFlavours.valgrind },
  vitest,
];
