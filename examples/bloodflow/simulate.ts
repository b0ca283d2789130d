import { runtime } from '../../src/index.js';
import { BloodflowError } from './errors.js';
import { FAULT_COURANT, PROBES } from './kernels/update.js';
import { buildMesh, type Mesh, MID_PROBE } from './model/mesh.js';
import type { Network } from './model/network.js';
import { adaptedSteps, initialSteps, makeTiming, type Timing } from './model/timing.js';
import { cycleJob } from './step.js';

/** Steps may become longer, as far as the measured Courant number allows, after these many cycles; later only shorter. */
const ADAPT_CYCLES = 2;

/** What is told after every cycle. */
export interface CycleReport {
  /** From 1. */
  readonly cycle: number;
  /** Largest RMS change of mid-vessel pressure since the cycle before, part of the largest pressure; undefined at first. */
  readonly change: number | undefined;
  /** The vessel where it is. */
  readonly worst: string | undefined;
  readonly steps: number;
  readonly seconds: number;
  /** Largest Courant number, and the vessel where it is. */
  readonly courant: number;
  readonly fastest: string;
}

/** Why a run ended: it became periodic, or it came to the largest number of cycles. */
export type StopReason = 'periodic' | 'cycles';

/** Everything that is known after a cycle; a copy, so that it outlives the cycles that follow. */
export interface CycleState {
  readonly network: Network;
  readonly mesh: Mesh;
  readonly timing: Timing;
  /** [vessel][probe][STATS], see `update`. */
  readonly stats: Float64Array;
  /** [vessel][probe][P, Q][sample]. */
  readonly waveforms: Float64Array;
  readonly cycles: readonly CycleReport[];
}

/** A finished run. */
export interface Run extends CycleState {
  readonly stop: StopReason;
}

/** A run that failed; `finished` is the last whole cycle, if there was one. */
export class RunError extends BloodflowError {
  finished: CycleState | undefined;
}

export interface SimulateOptions {
  readonly signal?: AbortSignal;
  /** After every cycle. */
  readonly onCycle?: (report: CycleReport) => void;
  /** Now and then within a cycle, with the part of it that is done. */
  readonly onProgress?: (cycle: number, part: number) => void;
}

/**
 * Runs a network from rest until it is periodic or has run its cycles. Each cycle is one job; JS sees it at its end only.
 *
 * @throws RunError ERR_BLOODFLOW_CFL, ERR_BLOODFLOW_NOT_FINITE with the vessel, value and time; ERR_BLOODFLOW_ABORTED.
 */
export async function simulate(network: Network, options: SimulateOptions = {}): Promise<Run> {
  const { solver } = network;
  const mesh = buildMesh(network);
  let timing = makeTiming(network, mesh, initialSteps(network, mesh));
  const cycles: CycleReport[] = [];
  let finished: CycleState | undefined;
  let job = cycleJob(network, mesh, timing);

  for (let cycle = 1; ; cycle++) {
    const begin = performance.now();
    try {
      await runtime.run(job, {
        ...(options.signal && { signal: options.signal }),
        onProgress: ({ iterations }) => options.onProgress?.(cycle, iterations / timing.steps),
      });
      options.signal?.throwIfAborted();
    } catch (cause) {
      if (options.signal?.aborted) {
        throw withFinished(
          new RunError('ABORTED', `stopped in cycle ${cycle}.`, 'Start it again.', { cause }),
          finished,
        );
      }
      throw cause;
    }
    if (mesh.stop[0] !== 0) {
      throw withFinished(faultOf(network, mesh, timing, cycle), finished);
    }
    const seconds = (performance.now() - begin) / 1000;
    const fastest = mesh.courant.reduce((best, number, v) => (number > mesh.courant[best]! ? v : best), 0);
    const comparable = finished !== undefined && finished.timing.steps === timing.steps;
    const change = finished && largestChange(mesh, finished.waveforms, mesh.waveforms);
    const report: CycleReport = {
      cycle,
      change: change?.value,
      worst: change && network.vessels[change.vessel]!.label,
      steps: timing.steps,
      seconds,
      courant: mesh.courant[fastest]!,
      fastest: network.vessels[fastest]!.label,
    };
    cycles.push(report);
    finished = { network, mesh, timing, stats: mesh.stats.slice(), waveforms: mesh.waveforms.slice(), cycles };
    options.onCycle?.(report);
    if (comparable && change !== undefined && change.value < solver.tolerance) {
      return { ...finished, stop: 'periodic' };
    }
    if (cycle >= solver.cycles) {
      return { ...finished, stop: 'cycles' };
    }
    const steps = adaptedSteps(timing, report.courant, network, cycle <= ADAPT_CYCLES);
    if (steps !== timing.steps) {
      timing = makeTiming(network, mesh, steps);
      job = cycleJob(network, mesh, timing);
    }
  }
}

/** The largest over all vessels of RMS(P_mid - P_mid of the cycle before) / max P_mid. */
export function largestChange(
  mesh: Mesh,
  before: Float64Array,
  after: Float64Array,
): { value: number; vessel: number } {
  const { samples } = mesh;
  let value = 0;
  let vessel = 0;
  for (let v = 0; v < mesh.vessels; v++) {
    const at = 2 * (v * PROBES + MID_PROBE) * samples;
    let squares = 0;
    let largest = 0;
    for (let i = at; i < at + samples; i++) {
      const d = after[i]! - before[i]!;
      squares += d * d;
      largest = Math.max(largest, Math.abs(after[i]!));
    }
    const change = Math.sqrt(squares / samples) / largest;
    if (change > value) {
      value = change;
      vessel = v;
    }
  }
  return { value, vessel };
}

function withFinished(error: RunError, finished: CycleState | undefined): RunError {
  error.finished = finished;
  return error;
}

/** The fault of the first vessel, in the order of the input, that reported one. */
function faultOf(network: Network, mesh: Mesh, timing: Timing, cycle: number): RunError {
  const v = mesh.fault.findIndex((fault) => fault !== 0);
  const { label } = network.vessels[v]!;
  const value = mesh.faultValue[v]!;
  const time = `t = ${((mesh.faultStep[v]! + 1) * timing.dt).toFixed(6)} s of cycle ${cycle}`;
  if (mesh.fault[v] === FAULT_COURANT && Number.isFinite(value)) {
    const courant = ((0.9 * network.solver.courant) / value).toPrecision(2);
    return new RunError(
      'CFL',
      `the Courant number in '${label}' became ${value.toPrecision(4)} at ${time}: waves cross more than one cell in a step of ${timing.dt.toPrecision(4)} s.`,
      `Lower solver.Ccfl to ${courant} or less, and check E, h0 and the inflow of the case.`,
    );
  }
  return new RunError(
    'NOT_FINITE',
    `the area of '${label}' became ${value} m2 at ${time}.`,
    'The vessel collapsed or the numbers overflowed: check the units of the inflow, E, h0 and the outlets of the case.',
  );
}
