/** Where the samples of one contender lie, or the ratios of two. */
export interface Spread {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
  /** Median of the distances from the median. */
  readonly mad: number;
  readonly count: number;
}

/**
 * The value below which the fraction `q` of `sorted` lies, interpolated between neighbours.
 *
 * @param sorted ascending, not empty
 * @param q      0..1
 */
export function quantile(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) throw new RangeError('A quantile of no values does not exist; check for an empty list.');
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (position - below);
}

/** @param values in any order, not empty */
export function median(values: readonly number[]): number {
  return quantile(ascending(values), 0.5);
}

/** @param values in any order, not empty */
export function spread(values: readonly number[]): Spread {
  const sorted = ascending(values);
  const middle = quantile(sorted, 0.5);
  return {
    median: middle,
    p10: quantile(sorted, 0.1),
    p90: quantile(sorted, 0.9),
    mad: median(values.map((value) => Math.abs(value - middle))),
    count: values.length,
  };
}

function ascending(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}
