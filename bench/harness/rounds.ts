import type { Instrument, Measurement, Round } from './instrument.js';
import { type Mode, modeOfRound } from './modes.js';

/** A round that counts. */
export interface KeptRound {
  readonly mode: Mode;
  readonly samples: Readonly<Record<string, number>>;
  readonly probes?: readonly [number, number];
}

/** All that was recorded of one measurement. */
export interface Recording {
  readonly measurement: Measurement;
  readonly rounds: readonly KeptRound[];
  /** Rounds that were thrown away and done again: the mode changed within, or a sample was null. */
  readonly discarded: { readonly mode: number; readonly busy: number };
  /** Rounds given up after {@link retries} attempts. */
  readonly missing: number;
}

export interface RecordOptions {
  readonly rounds: number;
  /** Rounds that are run first and forgotten. */
  readonly warmUp?: number;
  readonly onRound?: (done: number, total: number) => void;
}

/** How often one round is tried before it is given up. */
export const retries = 10;

/**
 * Runs all measurements of an instrument, one round of each in turn, so that whatever the machine does meanwhile meets
 * all of them alike.
 */
export async function record(instrument: Instrument, options: RecordOptions): Promise<Recording[]> {
  const { rounds, warmUp = 2, onRound } = options;
  const open = instrument.measurements.map((measurement) => ({
    measurement,
    rounds: [] as KeptRound[],
    discarded: { mode: 0, busy: 0 },
    missing: 0,
  }));
  for (let turn = -warmUp; turn < rounds; turn += 1) {
    for (const recording of open) {
      const rotation = turn + warmUp;
      if (turn < 0) {
        await instrument.round(recording.measurement, rotation);
        continue;
      }
      const discarded = { mode: 0, busy: 0 };
      const kept = await keep(instrument, recording.measurement, rotation, discarded);
      recording.discarded.mode += discarded.mode;
      recording.discarded.busy += discarded.busy;
      if (kept === undefined) recording.missing += 1;
      else recording.rounds.push(kept);
    }
    onRound?.(turn + warmUp + 1, rounds + warmUp);
  }
  return open;
}

async function keep(
  instrument: Instrument,
  measurement: Measurement,
  rotation: number,
  discarded: { mode: number; busy: number },
): Promise<KeptRound | undefined> {
  for (let attempt = 0; attempt < retries; attempt += 1) {
    const round = await instrument.round(measurement, rotation);
    const samples = completeSamples(round);
    const mode = modeOfRound(round);
    if (samples === undefined) discarded.busy += 1;
    else if (mode === undefined) discarded.mode += 1;
    else return round.probes === undefined ? { mode, samples } : { mode, samples, probes: round.probes };
  }
  return undefined;
}

function completeSamples(round: Round): Record<string, number> | undefined {
  const samples: Record<string, number> = {};
  for (const [name, value] of Object.entries(round.samples)) {
    if (value === null) return undefined;
    samples[name] = value;
  }
  return samples;
}
