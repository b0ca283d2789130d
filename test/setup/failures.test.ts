import { expect, test } from 'vitest';
import { doctestFailures, faultFailures, vitestFailures } from '../../scripts/test/failures.mjs';

const line = '='.repeat(79);

test('the failed cases of a doctest program, and not the others, are repeated', () => {
  const output = [
    line,
    'a_test.cc:1:',
    'TEST CASE:  a: only talks',
    '',
    'a_test.cc:2: MESSAGE: hello',
    '',
    line,
    'b_test.cc:7:',
    'TEST CASE:  b: fails',
    '',
    'b_test.cc:9: ERROR: CHECK( 1 == 2 ) is NOT correct!',
    line,
    '[doctest] test cases: 2 | 1 passed | 1 failed | 0 skipped',
  ].join('\n');
  const failures = doctestFailures(output);
  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatch(/^TEST CASE: {2}b: fails\n\nb_test.cc:9: ERROR/);
});

test.each([
  ['DEADLINE: test case "x" is not over after 60 s', 'DEADLINE: test case "x"'],
  ['WARNING: ThreadSanitizer: data race (pid=1)', 'WARNING: ThreadSanitizer'],
  ['Segmentation fault', 'before\nSegmentation fault'],
])('a doctest program that ended by "%s" shows it', (last, shown) => {
  expect(doctestFailures(`before\n${last}\n`)[0]).toContain(shown);
});

test('the failed trials of the faults are repeated with what they said, or the end of what was said', () => {
  const output =
    'keys: 3 failures\nFAILED: --scenario "keys" --fail memory:2\nended by signal 11\n2 passed, 1 failed\n';
  expect(faultFailures(output)).toEqual([
    'FAILED: --scenario "keys" --fail memory:2\nended by signal 11\n2 passed, 1 failed',
  ]);
  expect(faultFailures('hangs:\nlithe: 2 harts\n')).toEqual(['hangs:\nlithe: 2 harts']);
});

test('the failed tests of vitest, and files that could not be loaded, are repeated', () => {
  const report = {
    testResults: [
      {
        name: 'a.test.ts',
        status: 'failed',
        message: '',
        assertionResults: [
          { status: 'passed', fullName: 'works' },
          { status: 'failed', fullName: 'breaks', failureMessages: ['expected 1 to be 2'] },
        ],
      },
      { name: 'b.test.ts', status: 'failed', message: 'no such module', assertionResults: [] },
    ],
  };
  expect(vitestFailures(JSON.stringify(report))).toEqual([
    'a.test.ts: breaks\nexpected 1 to be 2',
    'b.test.ts\nno such module',
  ]);
  expect(vitestFailures(undefined)).toEqual(['vitest has left no report']);
});
