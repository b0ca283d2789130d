import { stepArguments } from '../../examples/bloodflow/kernels/arguments.js';
import { solveNode } from '../../examples/bloodflow/kernels/node.js';
import { predict } from '../../examples/bloodflow/kernels/predict.js';
import { update } from '../../examples/bloodflow/kernels/update.js';
import { buildMesh, type Mesh } from '../../examples/bloodflow/model/mesh.js';
import type { Inflow, Network, SolverOptions, Vessel } from '../../examples/bloodflow/model/network.js';
import { initialSteps, makeTiming, type Timing } from '../../examples/bloodflow/model/timing.js';
import type { CycleState } from '../../examples/bloodflow/simulate.js';

/** A network stepped in plain JS: the numerics without the runtime. */
export interface Stepper {
  readonly network: Network;
  readonly mesh: Mesh;
  readonly timing: Timing;
  /** Steps until `count` are done or a vessel reports a fault. */
  run(count: number): void;
  /** What a finished cycle looks like to the outputs. */
  state(): CycleState;
}

export function stepper(network: Network, steps?: number): Stepper {
  const mesh = buildMesh(network);
  const timing = makeTiming(network, mesh, steps ?? initialSteps(network, mesh));
  const args = stepArguments(network, mesh, timing);
  return {
    network,
    mesh,
    timing,
    run(count) {
      for (let n = 0; n < count && mesh.stop[0] === 0; n++) {
        for (let v = 0; v < mesh.vessels; v++) predict(v, ...args.predict);
        for (let k = 0; k < mesh.nodes; k++) solveNode(k, ...args.solveNode);
        for (let v = 0; v < mesh.vessels; v++) update(v, ...args.update);
      }
    },
    state: () => ({
      network,
      mesh,
      timing,
      stats: mesh.stats.slice(),
      waveforms: mesh.waveforms.slice(),
      cycles: [],
    }),
  };
}

export function vessel(values: Partial<Vessel> = {}): Vessel {
  return {
    label: 'tube',
    sn: 1,
    tn: 2,
    length: 1,
    rProximal: 0.01,
    rDistal: 0.01,
    young: 4e5,
    thickness: 1.5e-3,
    pRef: 0,
    profile: 2,
    cells: undefined,
    outlet: undefined,
    save: true,
    ...values,
  };
}

export function network(
  vessels: readonly Vessel[],
  inflow: Inflow,
  solver: Partial<SolverOptions> = {},
  blood = { rho: 1050, mu: 0 },
): Network {
  return {
    name: 'test',
    blood,
    vessels,
    inflow,
    solver: { courant: 0.9, cycles: 1, tolerance: 1e-6, samples: 100, dx: 5e-3, pInitial: 0, ...solver },
  };
}

/** The benchmark pulse: a Gaussian of 1 mL/s around 0.05 s. */
export function gaussianPulse(period: number, amplitude = 1e-6): Inflow {
  return { period, at: (t) => amplitude * Math.exp(-1e4 * (t - 0.05) ** 2) };
}

export const constantFlow = (period: number, q: number): Inflow => ({ period, at: () => q });
