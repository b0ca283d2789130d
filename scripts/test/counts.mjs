/**
 * What a suite counted.
 *
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 *
 * @typedef {Pick<import('../setup/child.mjs').ChildResult, 'code' | 'output'>} Ended
 */

/**
 * A suite that ended badly has failed at least once, whatever it counted: it may have crashed between two tests.
 *
 * @param {Counts} counts
 * @param {number | null} code
 * @returns {Counts}
 */
function withExit(counts, code) {
  return code === 0 ? counts : { passed: counts.passed, failed: Math.max(1, counts.failed) };
}

/**
 * Reads the summary of a doctest program: `[doctest] test cases: 12 | 11 passed | 1 failed | 0 skipped`. Only the last
 * one counts: a failed test that had started the program again may quote the summary of its child.
 *
 * @param {Ended} ended
 * @returns {Counts}
 */
export function doctestCounts({ code, output }) {
  const summaries = output.matchAll(/^\[doctest\] test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed/gm);
  const [, passed, failed] = [...summaries].at(-1) ?? [];
  const counts = { passed: Number(passed ?? 0), failed: Number(failed ?? 0) };
  if (counts.passed + counts.failed === 0) counts.failed = 1; // It crashed before the summary, or ran no test.
  return withExit(counts, code);
}

/**
 * Reads vitest's JSON report. A file that could not be loaded has no tests and counts as one failed.
 *
 * @param {string | undefined} report the text of the report, undefined when there is none
 * @param {number | null} code
 * @returns {Counts}
 */
export function vitestCounts(report, code) {
  /** @type {{ numPassedTests: number, numFailedTests: number, testResults: { status: string, assertionResults: unknown[] }[] }} */
  let parsed;
  try {
    parsed = JSON.parse(report ?? '');
  } catch {
    return { passed: 0, failed: 1 };
  }
  const unloadable = parsed.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  const counts = { passed: parsed.numPassedTests, failed: parsed.numFailedTests + unloadable.length };
  if (counts.passed + counts.failed === 0) counts.failed = 1;
  return withExit(counts, code);
}

/**
 * A check that passes or fails as a whole.
 *
 * @param {number | null} code
 * @returns {Counts}
 */
export function checkCounts(code) {
  return withExit({ passed: code === 0 ? 1 : 0, failed: 0 }, code);
}
