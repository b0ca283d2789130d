import type { Benchmark, Instrument, Measurement, Round } from '../../bench/harness/instrument.js';

/** A measurement with the contenders `ours` and `theirs` (the baseline). */
export function measurement(fields: Partial<Measurement> = {}): Measurement {
  return {
    name: 'thing',
    what: 'how long a thing takes',
    unit: 'ns',
    baseline: 'theirs',
    synchronisation: false,
    contenders: [
      { name: 'ours', what: 'our way' },
      { name: 'theirs', what: 'their way' },
    ],
    ...fields,
  };
}

/** An instrument that answers with `rounds` in order, the last one for ever, and notes what it was asked. */
export function scripted(rounds: readonly Round[], measurements: readonly Measurement[] = [measurement()]) {
  const asked: { measurement: string; rotation: number }[] = [];
  let closed = 0;
  const instrument: Instrument = {
    facts: { compiler: 'none' },
    measurements,
    async round({ name }, rotation) {
      asked.push({ measurement: name, rotation });
      return rounds[Math.min(asked.length, rounds.length) - 1]!;
    },
    async close() {
      closed += 1;
    },
  };
  return { instrument, asked, closed: () => closed };
}

export function benchmark(open: () => Instrument | Promise<Instrument>): Benchmark {
  return { name: 'fake', what: 'a benchmark of nothing', rounds: 3, open: async () => open() };
}
