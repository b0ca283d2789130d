import { describe, expect, test } from 'vitest';
import { checkCounts, doctestCounts, vitestCounts } from '../../scripts/test/counts.mjs';

const summary = (passed: number, failed: number) =>
  `[doctest] test cases: ${passed + failed} | ${passed} passed | ${failed} failed | 0 skipped\n`;

describe('doctest', () => {
  test('reads_the_summary', () => {
    expect(doctestCounts({ code: 0, output: summary(12, 0) })).toEqual({ passed: 12, failed: 0 });
    expect(doctestCounts({ code: 1, output: summary(10, 2) })).toEqual({ passed: 10, failed: 2 });
  });

  test('takes_the_summary_of_the_program_not_one_that_a_failure_quotes', () => {
    const output = `logged:\n${summary(0, 1)}\n${summary(10, 2)}`;
    expect(doctestCounts({ code: 1, output })).toEqual({ passed: 10, failed: 2 });
  });

  test('pads_and_separators_do_not_matter', () => {
    const output = '[doctest] test cases:   7 |   7 passed | 0 failed | 3 skipped\n';
    expect(doctestCounts({ code: 0, output })).toEqual({ passed: 7, failed: 0 });
  });

  test.each([
    ['a_crash_before_the_summary', { code: null, output: 'Segmentation fault' }, { passed: 0, failed: 1 }],
    ['a_crash_after_it', { code: 66, output: summary(5, 0) }, { passed: 5, failed: 1 }],
    ['a_program_without_tests', { code: 0, output: summary(0, 0) }, { passed: 0, failed: 1 }],
  ])('counts_%s_as_a_failure', (_case, ended, counts) => {
    expect(doctestCounts(ended)).toEqual(counts);
  });
});

describe('vitest', () => {
  const report = (numPassedTests: number, numFailedTests: number, testResults: object[] = []) =>
    JSON.stringify({ numPassedTests, numFailedTests, testResults });

  test('reads_the_report', () => {
    expect(vitestCounts(report(30, 2), 1)).toEqual({ passed: 30, failed: 2 });
  });

  test('counts_a_file_that_does_not_load_as_one_failure', () => {
    const unloadable = { status: 'failed', assertionResults: [] };
    expect(vitestCounts(report(30, 0, [unloadable]), 1)).toEqual({ passed: 30, failed: 1 });
  });

  test.each([
    ['no_report', undefined, 1, { passed: 0, failed: 1 }],
    ['half_a_report', '{"numPassed', 0, { passed: 0, failed: 1 }],
    ['an_error_outside_all_tests', report(30, 0), 1, { passed: 30, failed: 1 }],
    ['a_run_without_tests', report(0, 0), 0, { passed: 0, failed: 1 }],
  ])('counts_%s_as_a_failure', (_case, text, code, counts) => {
    expect(vitestCounts(text, code)).toEqual(counts);
  });
});

test('a_check_counts_as_one', () => {
  expect(checkCounts(0)).toEqual({ passed: 1, failed: 0 });
  expect(checkCounts(2)).toEqual({ passed: 0, failed: 1 });
});
