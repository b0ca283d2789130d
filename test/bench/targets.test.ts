import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Measurement } from '../../bench/harness/instrument.js';
import type { Mode } from '../../bench/harness/modes.js';
import { outcomeLine, verdict } from '../../bench/harness/report.js';
import { summarise } from '../../bench/harness/summary.js';
import { checkTargets, readTargets, type Target } from '../../bench/harness/targets.js';
import { measurement } from './support.js';

const target: Target = { measurement: 'thing', contender: 'ours', value: 'median', atMost: 20, source: 'a test' };

function measured(rounds: readonly (readonly [Mode, number, number])[], fields: Partial<Measurement> = {}) {
  return [
    summarise({
      measurement: measurement(fields),
      rounds: rounds.map(([mode, ours, theirs]) => ({ mode, samples: { ours, theirs } })),
      discarded: { mode: 0, busy: 0 },
      missing: 0,
    }),
  ];
}

describe('checkTargets', () => {
  test('a_value_at_the_limit_meets_it_and_one_above_misses_it', () => {
    expect(checkTargets([target], measured([['any', 20, 1]]))[0]?.status).toBe('met');
    expect(checkTargets([target], measured([['any', 20.1, 1]]))[0]?.status).toBe('missed');
  });

  test('a_ratio_target_looks_at_the_ratio', () => {
    const ratio: Target = { ...target, value: 'ratio', atMost: 1.5 };
    expect(checkTargets([ratio], measured([['any', 300, 100]]))[0]).toMatchObject({ status: 'missed', reached: 3 });
  });

  test('each_mode_is_checked_against_its_own_limit', () => {
    const perMode: Target = { ...target, atMost: { same: 10, cross: 40 } };
    const summaries = measured([
      ['same', 15, 1],
      ['cross', 30, 1],
    ]);
    expect(checkTargets([perMode], summaries).map(({ mode, status }) => [mode, status])).toEqual([
      ['same', 'missed'],
      ['cross', 'met'],
    ]);
  });

  test('what_could_not_be_measured_is_neither_met_nor_missed', () => {
    const contenders = [
      { name: 'ours', what: '', unavailable: 'It takes two harts.' },
      { name: 'theirs', what: '' },
    ];
    expect(checkTargets([target], measured([['any', 1, 1]], { contenders }))).toEqual([
      { target, status: 'not measured', reason: 'It takes two harts.' },
    ]);
    expect(checkTargets([target], measured([]))[0]?.status).toBe('not measured');
  });

  test('a_target_of_something_that_is_not_measured_is_refused', () => {
    expect(() => checkTargets([{ ...target, contender: 'nobody' }], measured([]))).toThrow('thing/nobody');
  });
});

describe('verdict', () => {
  test('names_what_was_missed_and_in_which_mode', () => {
    const outcomes = checkTargets(
      [target],
      measured([
        ['same', 15, 1],
        ['cross', 30, 1],
      ]),
    );
    expect(verdict('thing', outcomes)).toBe('verdict: thing: 1 of 2 targets met; missed: thing/ours [cross]');
    expect(outcomeLine(outcomes[1]!, 'ns')).toBe('thing/ours [cross]: missed, 30 ns > 20 ns');
  });

  test('says_when_there_are_no_targets_or_nothing_was_measured', () => {
    expect(verdict('thing', [])).toBe('verdict: thing: measured; it has no targets');
    expect(verdict('thing', checkTargets([target], measured([])))).toBe(
      'verdict: thing: 0 of 0 targets met; not measured: 1',
    );
  });
});

describe('readTargets', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'harts-bench-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function file(content: string) {
    const path = join(directory, 'targets.json');
    writeFileSync(path, content);
    return path;
  }

  test('the_targets_of_the_repository_are_well_formed_and_name_their_source', () => {
    const targets = readTargets('context');
    expect(targets.map(({ measurement, contender }) => `${measurement}/${contender}`)).toEqual([
      'switch/lithe',
      'switch/lithe_bare',
      'create/lithe',
      'enter_exit/lithe',
      'request_spinning/lithe',
      'request_parked/lithe',
    ]);
    for (const { source } of targets) expect(source).not.toBe('');
  });

  test('a_benchmark_without_an_entry_has_no_targets', () => {
    expect(readTargets('other', file('{}'))).toEqual([]);
  });

  test.each([
    ['no JSON', '{', 'cannot be read as JSON'],
    ['no list', '{"x":{}}', 'must be a list'],
    ['no limit', JSON.stringify({ x: [{ ...target, atMost: {} }] }), 'malformed'],
    ['a limit of zero', JSON.stringify({ x: [{ ...target, atMost: 0 }] }), 'malformed'],
    ['an unknown value', JSON.stringify({ x: [{ ...target, value: 'mean' }] }), 'malformed'],
    ['no object', '{"x":[null]}', 'malformed'],
  ])('%s_is_refused', (_, content, message) => {
    expect(() => readTargets('x', file(content))).toThrow(message);
  });
});
