import type { Measurement } from './instrument.js';
import type { Mode } from './modes.js';
import type { KeptRound, Recording } from './rounds.js';
import { type Spread, spread } from './statistics.js';

/** One contender within one stratum. */
export interface ContenderSummary {
  readonly samples: Spread;
  /** Contender over baseline, taken within each round; missing for the baseline and where the baseline could not run. */
  readonly ratio?: Spread;
}

/** The rounds of a measurement that were taken in one mode. */
export interface Stratum {
  readonly mode: Mode;
  readonly rounds: number;
  readonly contenders: Readonly<Record<string, ContenderSummary>>;
}

export interface MeasurementSummary {
  readonly measurement: Measurement;
  readonly strata: readonly Stratum[];
  readonly discarded: Recording['discarded'];
  readonly missing: number;
  /** Every round that counts, in the order in which they were taken. */
  readonly rounds: readonly KeptRound[];
}

const modes: readonly Mode[] = ['any', 'same', 'cross'];

/** Medians, spreads and ratios of each round, kept apart by mode. */
export function summarise(recording: Recording): MeasurementSummary {
  const { measurement, discarded, missing } = recording;
  const strata = modes
    .map((mode) => ({ mode, rounds: recording.rounds.filter((round) => round.mode === mode) }))
    .filter(({ rounds }) => rounds.length > 0)
    .map(({ mode, rounds }) => ({
      mode,
      rounds: rounds.length,
      contenders: Object.fromEntries(
        measurement.contenders
          .filter(({ name }) => rounds.some((round) => round.samples[name] !== undefined))
          .map(({ name }) => [name, contenderSummary(name, measurement.baseline, rounds)]),
      ),
    }));
  return { measurement, strata, discarded, missing, rounds: recording.rounds };
}

function contenderSummary(name: string, baseline: string, rounds: readonly KeptRound[]): ContenderSummary {
  const samples: number[] = [];
  const ratios: number[] = [];
  for (const round of rounds) {
    const sample = round.samples[name];
    const base = round.samples[baseline];
    if (sample === undefined) continue;
    samples.push(sample);
    if (base !== undefined && base > 0) ratios.push(sample / base);
  }
  const summary = { samples: spread(samples) };
  return name === baseline || ratios.length === 0 ? summary : { ...summary, ratio: spread(ratios) };
}
