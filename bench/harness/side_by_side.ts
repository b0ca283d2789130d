import { BenchError } from './errors.js';
import type { Contender, Instrument, Measurement, Round } from './instrument.js';

/** Another way to run the same program. */
export interface Variant {
  readonly contender: Contender;
  open(): Promise<Instrument>;
}

/**
 * Makes contenders of several processes that run the same program in different ways, with one contender each. A round
 * takes a sample of each process in turn, while the others wait for their next command.
 *
 * @param variants the first is the baseline
 * @throws BenchError when one does not start, or the programs do not measure the same things
 */
export async function sideBySide(variants: readonly Variant[]): Promise<Instrument> {
  const open: { contender: Contender; instrument: Instrument }[] = [];
  const close = async () => {
    for (const { instrument } of open) await instrument.close();
  };
  try {
    for (const { contender, open: start } of variants) open.push({ contender, instrument: await start() });
    const [first] = open;
    if (first === undefined) throw new BenchError('There is nothing to put side by side.');
    const names = first.instrument.measurements.map(({ name }) => name);
    for (const { contender, instrument } of open) {
      const others = instrument.measurements.map(({ name }) => name);
      if (others.join() !== names.join()) throw new BenchError(`"${contender.name}" measures other things.`);
      const several = instrument.measurements.find(({ contenders }) => contenders.length !== 1);
      if (several !== undefined)
        throw new BenchError(`"${several.name}" of "${contender.name}" has not one contender.`);
    }
    return {
      facts: first.instrument.facts,
      measurements: first.instrument.measurements.map((measurement) => ({
        ...measurement,
        baseline: first.contender.name,
        contenders: open.map(({ contender }) => contender),
      })),
      round: (measurement, rotation) => roundOf(open, measurement, rotation),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function roundOf(
  open: readonly { contender: Contender; instrument: Instrument }[],
  measurement: Measurement,
  rotation: number,
): Promise<Round> {
  const samples: Record<string, number | null> = {};
  for (let step = 0; step < open.length; step += 1) {
    const { contender, instrument } = open[(rotation + step) % open.length]!;
    const round = await instrument.round(measurement, 0);
    samples[contender.name] = Object.values(round.samples)[0] ?? null;
  }
  return { samples };
}

/**
 * Adds a contender whose sample is the best of several others, in each round, and makes it the baseline: a ratio of at
 * most 1 to it means to be as fast as whoever was fastest.
 *
 * @param among names of contenders; with none, the instrument is returned as it is
 */
export function bestOf(
  instrument: Instrument,
  { contender, among }: { readonly contender: Contender; readonly among: readonly string[] },
): Instrument {
  if (among.length === 0) return instrument;
  return {
    ...instrument,
    measurements: instrument.measurements.map((measurement) => ({
      ...measurement,
      baseline: contender.name,
      contenders: [...measurement.contenders, contender],
    })),
    async round(measurement, rotation) {
      const round = await instrument.round(measurement, rotation);
      const samples = among.map((name) => round.samples[name]).filter((value) => typeof value === 'number');
      const best = samples.length === among.length ? Math.min(...samples) : null;
      return { ...round, samples: { ...round.samples, [contender.name]: best } };
    },
  };
}
