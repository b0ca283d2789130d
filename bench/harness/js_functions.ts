import { Bench } from 'tinybench';
import { BenchError } from './errors.js';
import type { Instrument, Measurement, Round } from './instrument.js';

/** A contender that is a function of this process. */
export interface JsContender {
  readonly name: string;
  readonly what: string;
  readonly unavailable?: string;
  /** Does `operations` operations. */
  readonly run: () => void;
}

export interface JsMeasurement {
  readonly name: string;
  readonly what: string;
  readonly baseline: string;
  /** Operations in one call of a contender; so many that a call takes some microseconds, against the clock's step. */
  readonly operations: number;
  readonly contenders: readonly JsContender[];
}

/** How long one sample of one contender takes. */
const sampleMs = 5;

/** An instrument for functions of this process, timed by tinybench; samples are nanoseconds per operation. */
export function jsFunctions(measurements: readonly JsMeasurement[]): Instrument {
  return {
    facts: { timer: 'tinybench' },
    measurements: measurements.map(({ name, what, baseline, contenders }) => ({
      name,
      what,
      unit: 'ns',
      baseline,
      synchronisation: false,
      contenders: contenders.map(({ run: _, ...contender }) => contender),
    })),
    async round({ name }: Measurement, rotation: number): Promise<Round> {
      const measurement = measurements.find((candidate) => candidate.name === name)!;
      const { contenders, operations } = measurement;
      const samples: Record<string, number> = {};
      for (let i = 0; i < contenders.length; i += 1) {
        const contender = contenders[(i + rotation) % contenders.length]!;
        if (contender.unavailable === undefined) samples[contender.name] = sample(contender, operations);
      }
      return { samples };
    },
    async close() {},
  };
}

function sample({ name, run }: JsContender, operations: number): number {
  const bench = new Bench({ time: sampleMs, iterations: 3, warmup: false, throws: true }).add(name, run);
  bench.runSync();
  const result = bench.getTask(name)?.result;
  if (result?.state !== 'completed') throw new BenchError(`tinybench did not complete "${name}": ${result?.state}.`);
  return (result.latency.p50 * 1e6) / operations;
}
