import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { median, quantile, spread } from '../../bench/harness/statistics.js';

const values = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 40 });

describe('statistics', () => {
  test('median_of_an_odd_count_is_the_middle_and_of_an_even_count_the_mean_of_two', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
  });

  test('quantiles_interpolate_between_neighbours', () => {
    expect(quantile([0, 10], 0.1)).toBeCloseTo(1);
    expect(quantile([0, 10, 20, 30, 40], 0.9)).toBeCloseTo(36);
    expect(quantile([3], 0.9)).toBe(3);
  });

  test('a_quantile_of_nothing_is_refused', () => {
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });

  test('one_outlier_moves_neither_median_nor_mad', () => {
    expect(spread([10, 11, 9, 10, 10, 1e6])).toMatchObject({ median: 10, mad: 0.5, count: 6 });
  });

  test('spread_is_ordered_and_does_not_depend_on_the_order_of_samples', () => {
    fc.assert(
      fc.property(values, (samples) => {
        const { median: middle, p10, p90, mad } = spread(samples);
        expect(p10).toBeLessThanOrEqual(middle);
        expect(middle).toBeLessThanOrEqual(p90);
        expect(mad).toBeGreaterThanOrEqual(0);
        expect(spread([...samples].reverse())).toEqual(spread(samples));
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});
