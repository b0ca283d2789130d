import { describe, expect, test } from 'vitest';
import { modeOf, modeOfRound } from '../../bench/harness/modes.js';
import { record, retries } from '../../bench/harness/rounds.js';
import { summarise } from '../../bench/harness/summary.js';
import { measurement, scripted } from './support.js';

const samples = { ours: 1, theirs: 2 };

describe('modes', () => {
  test('a_short_round_trip_is_same_and_a_long_one_cross', () => {
    expect([52, 60, 107].map(modeOf)).toEqual(['same', 'same', 'same']);
    expect([325, 490].map(modeOf)).toEqual(['cross', 'cross']);
  });

  test('a_round_belongs_to_a_mode_only_if_both_probes_agree', () => {
    expect(modeOfRound({ samples, probes: [55, 60] })).toBe('same');
    expect(modeOfRound({ samples, probes: [330, 325] })).toBe('cross');
    expect(modeOfRound({ samples, probes: [55, 330] })).toBeUndefined();
    expect(modeOfRound({ samples })).toBe('any');
  });
});

describe('record', () => {
  test('warm_up_rounds_are_run_and_forgotten', async () => {
    const { instrument, asked } = scripted([{ samples: { ours: 99, theirs: 99 } }, { samples }]);
    const [recording] = await record(instrument, { rounds: 3, warmUp: 1 });
    expect(asked).toHaveLength(4);
    expect(recording?.rounds.map((round) => round.samples.ours)).toEqual([1, 1, 1]);
  });

  test('measurements_take_turns_and_the_first_contender_rotates', async () => {
    const { instrument, asked } = scripted([{ samples }], [measurement({ name: 'a' }), measurement({ name: 'b' })]);
    await record(instrument, { rounds: 2, warmUp: 1 });
    expect(asked.map((ask) => `${ask.measurement}${ask.rotation}`)).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2']);
  });

  test('a_round_in_which_the_mode_changed_is_done_again', async () => {
    const { instrument } = scripted([
      { samples, probes: [55, 330] },
      { samples, probes: [330, 330] },
    ]);
    const [recording] = await record(instrument, { rounds: 1, warmUp: 0 });
    expect(recording?.rounds.map(({ mode }) => mode)).toEqual(['cross']);
    expect(recording?.discarded).toEqual({ mode: 1, busy: 0 });
  });

  test('a_round_with_a_sample_that_failed_is_done_again', async () => {
    const { instrument } = scripted([{ samples: { ours: null, theirs: 2 } }, { samples }]);
    const [recording] = await record(instrument, { rounds: 1, warmUp: 0 });
    expect(recording?.rounds).toHaveLength(1);
    expect(recording?.discarded).toEqual({ mode: 0, busy: 1 });
  });

  test('a_round_that_never_succeeds_is_given_up_and_counted', async () => {
    const { instrument, asked } = scripted([{ samples: { ours: null, theirs: 2 } }]);
    const [recording] = await record(instrument, { rounds: 2, warmUp: 0 });
    expect(recording).toMatchObject({ rounds: [], missing: 2 });
    expect(asked).toHaveLength(2 * retries);
  });
});

describe('summarise', () => {
  const recording = (rounds: readonly (readonly ['any' | 'same' | 'cross', Record<string, number>])[]) => ({
    measurement: measurement(),
    rounds: rounds.map(([mode, taken]) => ({ mode, samples: taken })),
    discarded: { mode: 0, busy: 0 },
    missing: 0,
  });

  test('modes_are_kept_apart', () => {
    const { strata } = summarise(
      recording([
        ['cross', { ours: 30, theirs: 10 }],
        ['same', { ours: 2, theirs: 1 }],
        ['cross', { ours: 40, theirs: 10 }],
      ]),
    );
    expect(strata.map(({ mode, rounds }) => [mode, rounds])).toEqual([
      ['same', 1],
      ['cross', 2],
    ]);
    expect(strata[1]?.contenders.ours?.samples.median).toBe(35);
  });

  test('ratios_are_taken_within_each_round_not_between_medians', () => {
    const { strata } = summarise(
      recording([
        ['any', { ours: 1, theirs: 1 }],
        ['any', { ours: 10, theirs: 10 }],
        ['any', { ours: 3, theirs: 1 }],
      ]),
    );
    expect(strata[0]?.contenders.ours?.ratio).toMatchObject({ median: 1, count: 3 });
    expect(strata[0]?.contenders.theirs?.ratio).toBeUndefined();
  });

  test('a_contender_without_its_baseline_has_samples_and_no_ratio', () => {
    const { strata } = summarise(recording([['any', { ours: 1 }]]));
    expect(strata[0]?.contenders).toEqual({ ours: { samples: expect.objectContaining({ median: 1 }) } });
  });
});
