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
