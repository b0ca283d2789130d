import { BloodflowError } from '../errors.js';
import { LOAD } from '../kernels/node.js';
import type { Mesh } from './mesh.js';
import type { Network } from './network.js';
import { frictionCoefficient } from './wall.js';

/**
 * The first cycle leaves this much room above the wave speed at rest, for stretched walls and moving blood. A run that
 * needs more stops with ERR_BLOODFLOW_CFL.
 */
const SPEED_MARGIN = 1.35;
/** Later cycles aim at this part of the Courant number asked for, measured on the cycle before ... */
const AIM = 0.97;
/** ... and at no more than this, so that a cycle may be a little faster than the one before it. */
const MAX_AIM = 0.93;

/** More steps per period than anybody waits for: a slip in T, E or dx. */
const MAX_STEPS = 2e7;

/** Everything that depends on the length of a step. */
export interface Timing {
  /** Steps per period, a multiple of the number of samples. */
  readonly steps: number;
  readonly dt: number;
  /** Steps from one sample to the next. */
  readonly every: number;
  readonly ratio: Float64Array;
  readonly drag: Float64Array;
  readonly load: Float64Array;
  readonly inflow: Float64Array;
}

/** Steps of the first cycle, from the wave speeds at rest. */
export function initialSteps(network: Network, mesh: Mesh): number {
  return wholeSamples((SPEED_MARGIN * network.inflow.period * mesh.crossings) / network.solver.courant, mesh.samples);
}

/**
 * Steps of the next cycle, when the largest Courant number of this one was `courant`: more when it came too high, fewer only
 * when `mayLengthen` and the gain is worth a step length that cannot be compared with the one before.
 */
export function adaptedSteps(timing: Timing, courant: number, network: Network, mayLengthen: boolean): number {
  const { solver } = network;
  const aim = Math.min(AIM * solver.courant, MAX_AIM);
  const wanted = wholeSamples((timing.steps * courant) / aim, solver.samples);
  const tooHigh = courant > aim / AIM;
  return tooHigh || (mayLengthen && wanted < 0.97 * timing.steps) ? wanted : timing.steps;
}

function wholeSamples(steps: number, samples: number): number {
  return samples * Math.max(1, Math.ceil(steps / samples));
}

/**
 * Lays out one period of `steps` steps.
 *
 * @throws BloodflowError ERR_BLOODFLOW_VALUE when there would be far too many steps.
 */
export function makeTiming(network: Network, mesh: Mesh, steps: number): Timing {
  const { vessels, blood, inflow } = network;
  if (!(steps <= MAX_STEPS)) {
    throw new BloodflowError(
      'VALUE',
      `a cycle of ${inflow.period} s would take ${steps} steps, more than ${MAX_STEPS}.`,
      'Give a larger dx, or check the period, E and h0 of the case.',
    );
  }
  const dt = inflow.period / steps;
  return {
    steps,
    dt,
    every: steps / mesh.samples,
    ratio: mesh.dx.map((h) => dt / h),
    drag: Float64Array.from(vessels, (vessel) => 0.5 * dt * frictionCoefficient(vessel, blood)),
    load: loads(network, mesh, dt),
    inflow: Float64Array.from({ length: steps }, (_, n) => inflow.at((n + 0.5) * dt)),
  };
}

/** Constants of the outlets, as `solveNode` wants them. */
function loads(network: Network, mesh: Mesh, dt: number): Float64Array {
  const load = new Float64Array(mesh.nodes * LOAD);
  for (let n = 0; n < mesh.nodes; n++) {
    const from = mesh.endStart[n]!;
    const end = mesh.ends[from]!;
    const outlet = network.vessels[end >> 1]!.outlet;
    if (mesh.endStart[n + 1]! - from > 1 || end % 2 === 0 || outlet === undefined) {
      continue;
    }
    if (outlet.kind === 'windkessel') {
      const { r1, r2, c, pOut } = outlet;
      const d = 1 + dt / (2 * r2 * c);
      load.set([r1, r1 + dt / (2 * c) / d, d, (dt * pOut) / (2 * c * r2), 1], n * LOAD);
    } else if (outlet.kind === 'resistance') {
      load.set([outlet.r1, outlet.r1, 1, outlet.pOut, 0], n * LOAD);
    } else {
      load.set([outlet.rt, mesh.endC4[end]!], n * LOAD);
    }
  }
  return load;
}
