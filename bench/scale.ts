import { BenchError } from './harness/errors.js';
import { growthOf, xOf } from './harness/growth.js';
import type { Benchmark, Instrument, Measurement, Round } from './harness/instrument.js';
import { openNativeProgram } from './harness/native_program.js';

/** A machine of 256 PUs, whatever this one has. */
const topology = 'node:4 core:32 pu:2';
const hartCounts = [1, 4, 16, 64, 256];

/** One curve of one program: it has the measurement `name` for us under `theirs`. */
interface Point {
  readonly program: Instrument;
  readonly theirs: Measurement;
  readonly ours: Measurement;
}

/** What an operation costs when there are N of something; native/lithe/src/scale_bench.cc. */
export const scale: Benchmark = {
  name: 'scale',
  what: 'what an operation costs with many harts, contexts, schedulers, timers, waiters and keys',
  rounds: 10,
  chart: { x: 'how many there are', y: 'time per operation [ns]', log: ['x', 'y'] },
  open: async () => {
    const programs: Instrument[] = [];
    try {
      programs.push(await openNativeProgram('scale', { env: { HARTS: '1' } }));
      // The environment is read once in a process: one for each number of harts.
      for (const harts of hartCounts) {
        const env = { HARTS_TOPOLOGY: topology, HARTS: String(harts) };
        programs.push(await openNativeProgram('scale', { env, args: ['harts'] }));
      }
      return joined(programs);
    } catch (error) {
      await Promise.all(programs.map((program) => program.close()));
      throw error;
    }
  },
};

/**
 * Puts the programs together. Their measurements `CURVE:N` become `CURVE N`, and each curve gets a measurement
 * `CURVE growth` besides: the exponent that fits the points of the round.
 */
export function joined(programs: readonly Instrument[]): Instrument {
  const points: Point[] = programs.flatMap((program) =>
    program.measurements.map((theirs) => ({
      program,
      theirs,
      ours: { ...theirs, name: theirs.name.replace(':', ' ') },
    })),
  );
  const curves = [...new Set(points.map(({ ours }) => xOf(ours.name)?.curve ?? ours.name))];
  const latest = new Map<string, number>();
  return {
    facts: { ...programs[0]?.facts, topology },
    measurements: [...points.map(({ ours }) => ours), ...curves.map(growthMeasurement)],
    async round(measurement: Measurement, rotation: number): Promise<Round> {
      const point = points.find(({ ours }) => ours.name === measurement.name);
      if (point === undefined) return { samples: { lithe: growthIn(measurement.name, latest) } };
      const round = await point.program.round(point.theirs, rotation);
      const sample = round.samples.lithe;
      if (typeof sample === 'number') latest.set(measurement.name, sample);
      return round;
    },
    close: async () => {
      await Promise.all(programs.map((program) => program.close()));
    },
  };
}

function growthMeasurement(curve: string): Measurement {
  const what = 'cost per operation ~ N^this, over the upper half of the curve; total cost ~ N^(1 + this)';
  return {
    name: `${curve} growth`,
    what,
    unit: 'exponent',
    baseline: 'lithe',
    synchronisation: false,
    contenders: [{ name: 'lithe', what }],
  };
}

function growthIn(name: string, latest: ReadonlyMap<string, number>): number {
  const curve = name.replace(/ growth$/, '');
  const points = [...latest].flatMap(([measured, y]) => {
    const at = xOf(measured);
    return at?.curve === curve ? [{ x: at.x, y }] : [];
  });
  if (points.length < 2) throw new BenchError(`The curve "${curve}" has fewer than two points; measure more.`);
  return growthOf(points);
}
