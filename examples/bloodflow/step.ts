import { type JobNode, job, kernel } from '../../src/index.js';
import { stepArguments } from './kernels/arguments.js';
import { nodeConstants, solveNode } from './kernels/node.js';
import { limitedSlope, predict } from './kernels/predict.js';
import { update, updateConstants } from './kernels/update.js';
import type { Mesh } from './model/mesh.js';
import type { Network } from './model/network.js';
import type { Timing } from './model/timing.js';

/** The three kernels of a step. */
export const kernels = {
  predict: kernel(predict, { name: 'predict', env: { limitedSlope } }),
  solveNode: kernel(solveNode, { name: 'solveNode', env: nodeConstants }),
  update: kernel(update, { name: 'update', env: updateConstants }),
};

/**
 * One period as a job: every step runs all vessels, then all nodes, then all vessels, and stops early when a vessel
 * raises `mesh.stop`. Vessels (and nodes) touch nothing of each other within a phase, so the results do not depend on
 * how many harts share them. Compiles the kernels where that has not happened yet, so that no cycle pays for it.
 */
export function cycleJob(network: Network, mesh: Mesh, timing: Timing): JobNode {
  const args = stepArguments(network, mesh, timing);
  kernels.predict.resolve([0, ...args.predict]);
  kernels.solveNode.resolve([0, ...args.solveNode]);
  kernels.update.resolve([0, ...args.update]);
  const step = job.sequence(
    job.forEach(mesh.vessels, kernels.predict, ...args.predict),
    job.forEach(mesh.nodes, kernels.solveNode, ...args.solveNode),
    job.forEach(mesh.vessels, kernels.update, ...args.update),
  );
  return job.until(mesh.stop, step, { max: timing.steps });
}
