import { type JobNode, job, kernel } from '../../src/index.js';
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
 * how many harts share them.
 */
export function cycleJob(network: Network, mesh: Mesh, timing: Timing): JobNode {
  const { rho } = network.blood;
  const m = mesh;
  const t = timing;
  // biome-ignore format: the argument lists mirror the parameter lists of the kernels
  const step = job.sequence(
    job.forEach(m.vessels, kernels.predict,
      m.first, m.cells, t.ratio, t.drag, m.pRef,
      m.stiff, m.invStiff, m.rest, m.faceStiff, m.invFaceStiff, m.faceRest, m.wave, m.invWave,
      m.area, m.flow, m.pressure, m.slopeP, m.slopeQ, m.arriving, m.leaving, m.halfArea, m.loss,
      m.facePressure, m.faceFlow, m.faceMomentum, m.faceSpeed, m.endRoot, m.endInvariant, 1 / rho),
    job.forEach(m.nodes, kernels.solveNode,
      m.nodeKind, m.endStart, m.ends, m.endFace, m.endShape, m.endRoot, m.endInvariant,
      t.load, m.capacitor, t.inflow, m.stepOf, m.trial,
      m.facePressure, m.faceFlow, m.faceMomentum, m.faceSpeed, rho),
    job.forEach(m.vessels, kernels.update,
      m.first, m.cells, t.ratio, m.area, m.flow, m.halfArea, m.loss,
      m.facePressure, m.faceFlow, m.faceMomentum, m.faceSpeed, m.courant, m.stepOf,
      m.probeFace, m.probeWeight, m.stats, m.waveforms, m.fault, m.faultStep, m.faultValue, m.stop,
      1 / rho, t.steps, t.every, m.samples),
  );
  return job.until(m.stop, step, { max: t.steps });
}
