import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError } from './errors.js';
import type { Mode } from './modes.js';
import { packageRoot } from './paths.js';
import type { MeasurementSummary } from './summary.js';

/** What one contender of one measurement shall reach; an entry of bench/targets.json. */
export interface Target {
  readonly measurement: string;
  readonly contender: string;
  /** The median of its samples, in the unit of the measurement, or the median of its ratios to the baseline. */
  readonly value: 'median' | 'ratio';
  /** The largest value that meets the target, everywhere or in each mode. */
  readonly atMost: number | Readonly<Partial<Record<Mode, number>>>;
  /** Where the number comes from. */
  readonly source: string;
}

/** How a target came out in one mode. */
export interface Outcome {
  readonly target: Target;
  readonly status: 'met' | 'missed' | 'not measured';
  readonly mode?: Mode;
  readonly reached?: number;
  readonly atMost?: number;
  /** Why it was not measured. */
  readonly reason?: string;
}

/** Reads the targets of one benchmark from bench/targets.json. */
export function readTargets(benchmark: string, path = join(packageRoot(), 'bench/targets.json')): Target[] {
  let all: Record<string, unknown>;
  try {
    all = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new BenchError(`${path} cannot be read as JSON; restore it from the repository.`, { cause });
  }
  const targets = all[benchmark] ?? [];
  if (!Array.isArray(targets)) throw new BenchError(`${path}: "${benchmark}" must be a list of targets.`);
  return targets.map((target) => checked(target, path, benchmark));
}

function checked(value: unknown, path: string, benchmark: string): Target {
  const target = value as Target;
  const limits = typeof target?.atMost === 'number' ? [target.atMost] : Object.values(target?.atMost ?? {});
  const isTarget =
    typeof target?.measurement === 'string' &&
    typeof target.contender === 'string' &&
    (target.value === 'median' || target.value === 'ratio') &&
    typeof target.source === 'string' &&
    limits.length > 0 &&
    limits.every((limit) => typeof limit === 'number' && limit > 0);
  if (isTarget) return target;
  throw new BenchError(
    `${path}: a target of "${benchmark}" is malformed: ${JSON.stringify(value)}; it needs measurement, contender, value ("median" or "ratio"), atMost and source.`,
  );
}

/**
 * Compares what was measured with the targets; one outcome for each target and mode.
 *
 * @throws BenchError when a target names a measurement or contender that does not exist: it would never be checked.
 */
export function checkTargets(targets: readonly Target[], summaries: readonly MeasurementSummary[]): Outcome[] {
  return targets.flatMap((target) => outcomesOf(target, summaries));
}

function outcomesOf(target: Target, summaries: readonly MeasurementSummary[]): Outcome[] {
  const name = `${target.measurement}/${target.contender}`;
  const summary = summaries.find(({ measurement }) => measurement.name === target.measurement);
  const contender = summary?.measurement.contenders.find((candidate) => candidate.name === target.contender);
  if (summary === undefined || contender === undefined) {
    throw new BenchError(`bench/targets.json names ${name}, which is not measured; correct the name.`);
  }
  if (contender.unavailable !== undefined) return [{ target, status: 'not measured', reason: contender.unavailable }];

  const outcomes: Outcome[] = [];
  for (const { mode, contenders } of summary.strata) {
    const limit = typeof target.atMost === 'number' ? target.atMost : target.atMost[mode];
    const found = contenders[target.contender];
    const reached = target.value === 'median' ? found?.samples.median : found?.ratio?.median;
    if (limit === undefined || reached === undefined) continue;
    outcomes.push({ target, mode, reached, atMost: limit, status: reached <= limit ? 'met' : 'missed' });
  }
  if (outcomes.length > 0) return outcomes;
  return [{ target, status: 'not measured', reason: 'No round counted: the machine was too busy.' }];
}
