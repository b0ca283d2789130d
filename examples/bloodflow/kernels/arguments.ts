import type { Mesh } from '../model/mesh.js';
import type { Network } from '../model/network.js';
import type { Timing } from '../model/timing.js';
import type { solveNode } from './node.js';
import type { predict } from './predict.js';
import type { update } from './update.js';

/** Parameters of a kernel after its index. */
type Rest<F> = F extends (index: number, ...rest: infer A) => void ? A : never;

/** What each kernel of a step is called with, besides the number of its vessel or node. */
export interface StepArguments {
  readonly predict: Rest<typeof predict>;
  readonly solveNode: Rest<typeof solveNode>;
  readonly update: Rest<typeof update>;
}

// biome-ignore format: the lists mirror the parameter lists of the kernels
export function stepArguments(network: Network, m: Mesh, t: Timing): StepArguments {
  const { rho } = network.blood;
  return {
    predict: [
      m.first, m.cells, t.ratio, t.drag, m.pRef,
      m.stiff, m.invStiff, m.rest, m.faceStiff, m.invFaceStiff, m.faceRest, m.wave, m.invWave,
      m.area, m.flow, m.pressure, m.invRoot, m.slopeP, m.slopeQ, m.arriving, m.leaving, m.halfArea, m.loss,
      m.facePressure, m.faceFlow, m.faceMomentum, m.faceSpeed, m.endRoot, m.endInvariant, 1 / rho,
    ],
    solveNode: [
      m.nodeKind, m.endStart, m.ends, m.endFace, m.endShape, m.endRoot, m.endInvariant,
      t.load, m.capacitor, t.inflow, m.stepOf, m.trial,
      m.facePressure, m.faceFlow, m.faceMomentum, m.faceSpeed, rho,
    ],
    update: [
      m.first, m.cells, t.ratio, m.area, m.flow, m.halfArea, m.loss,
      m.facePressure, m.faceFlow, m.faceMomentum, m.faceSpeed, m.courant, m.stepOf,
      m.probeFace, m.probeWeight, m.stats, m.waveforms, m.fault, m.faultStep, m.faultValue, m.stop,
      1 / rho, t.steps, t.every, m.samples,
    ],
  };
}
