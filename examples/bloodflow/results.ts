import { PROBES, STATS } from './kernels/update.js';
import { MID_PROBE, PROBE_PLACES } from './model/mesh.js';
import type { Vessel } from './model/network.js';
import { rootAt, wallAt } from './model/wall.js';
import type { CycleState } from './simulate.js';

/** Pascal per millimetre of mercury. */
export const MMHG = 133.322;
/** Cubic metres per millilitre. */
export const ML = 1e-6;

/** Extremes and means of one place over the last cycle, from every step of it. SI units. */
export interface ProbeSummary {
  readonly pMax: number;
  readonly pMin: number;
  readonly pMean: number;
  readonly qMax: number;
  readonly qMin: number;
  readonly qMean: number;
}

/** One place of a vessel over the last cycle. SI units. */
export interface Waveform {
  readonly t: Float64Array;
  readonly P: Float64Array;
  readonly Q: Float64Array;
  /** Mean velocity over the cross-section. */
  readonly u: Float64Array;
  readonly A: Float64Array;
}

export const PLACE_NAMES: readonly string[] = ['inlet', 'quarter', 'mid', 'three_quarters', 'outlet'];

/** Reads the flat arrays of a finished cycle by vessel and place. */
export class Results {
  readonly state: CycleState;
  readonly vessels: readonly Vessel[];

  constructor(state: CycleState) {
    this.state = state;
    this.vessels = state.network.vessels;
  }

  /** @param place index into PROBE_PLACES; the middle by default. */
  summary(v: number, place = MID_PROBE): ProbeSummary {
    const { stats, timing } = this.state;
    const at = (v * PROBES + place) * STATS;
    return {
      pMax: stats[at]!,
      pMin: stats[at + 1]!,
      pMean: stats[at + 2]! / timing.steps,
      qMax: stats[at + 3]!,
      qMin: stats[at + 4]!,
      qMean: stats[at + 5]! / timing.steps,
    };
  }

  waveform(v: number, place = MID_PROBE): Waveform {
    const { mesh, timing, waveforms } = this.state;
    const { samples } = mesh;
    const at = 2 * (v * PROBES + place) * samples;
    const P = waveforms.slice(at, at + samples);
    const Q = waveforms.slice(at + samples, at + 2 * samples);
    const vessel = this.vessels[v]!;
    const wall = wallAt(vessel, this.position(v, place));
    const A = P.map((p) => rootAt(vessel, wall, p) ** 2);
    return {
      t: Float64Array.from({ length: samples }, (_, i) => (i * timing.every + 0.5) * timing.dt),
      P,
      Q,
      u: Q.map((q, i) => q / A[i]!),
      A,
    };
  }

  /** Distance of a place from the start of the vessel, m. */
  position(v: number, place: number): number {
    return PROBE_PLACES[place]! * this.vessels[v]!.length;
  }

  /** The vessel through which blood enters. */
  inlet(): number {
    const ends = new Set(this.vessels.map((vessel) => vessel.tn));
    const starts = this.vessels.map((vessel) => vessel.sn);
    return starts.findIndex((sn) => !ends.has(sn) && starts.indexOf(sn) === starts.lastIndexOf(sn));
  }

  /** Mean flow in and out of the network over the last cycle, m3/s. */
  massBalance(): MassBalance {
    const inflow = this.summary(this.inlet(), 0).qMean;
    let outflow = 0;
    this.vessels.forEach((vessel, v) => {
      if (vessel.outlet !== undefined) {
        outflow += this.summary(v, PROBES - 1).qMean;
      }
    });
    return { inflow, outflow, imbalance: Math.abs(inflow - outflow) / Math.abs(inflow) };
  }
}

export interface MassBalance {
  readonly inflow: number;
  readonly outflow: number;
  /** Difference as part of the inflow. */
  readonly imbalance: number;
}
