/** What stands at a node: `kind[n]`. */
export const NODE_INLET = 0;
export const NODE_LOAD = 1;
export const NODE_REFLECTION = 2;
export const NODE_JUNCTION = 3;

/** Constants per vessel end in `endShape`: rest root, stiffness, wave factor, reference pressure. */
export const END_SHAPE = 4;
/** Numbers per node in `load`: see `solveNode`. */
export const LOAD = 5;
/** Newton stops when a correction is below this part of the unknown; convergence is quadratic, so what is left is round-off. */
export const NEWTON_STOP = 1e-10;
export const NEWTON_MAX = 20;

/**
 * Face states at node `n`: what leaves each vessel end (Riemann invariant W = u + 4c or u - 4c of the half-step edge state)
 * plus the condition of the node.
 *
 * - inlet: the given flow of this step;
 * - load (three-element windkessel by the implicit midpoint rule, or a resistance): P = Pe + Re Q, where
 *   `load` holds R1, Re, D, the drive dt Pout / (2 C R2), and 1 if there is a capacitor whose pressure `capacitor[n]` moves;
 * - reflection: W- = -4c0 - Rt (W+ - 4c0), `load` holds Rt and 4c0;
 * - junction of any number of ends: no net flow, equal total pressure P + rho u^2 / 2, one Newton iteration for all
 *   ends without a linear solver.
 *
 * Ends of node n are `ends[endStart[n]] ...`; end 2v is where vessel v starts, 2v + 1 where it ends.
 */
export function solveNode(
  n: number,
  kind: Int32Array,
  endStart: Int32Array,
  ends: Int32Array,
  endFace: Int32Array,
  endShape: Float64Array,
  endRoot: Float64Array,
  endInvariant: Float64Array,
  load: Float64Array,
  capacitor: Float64Array,
  inflow: Float64Array,
  stepOf: Int32Array,
  trial: Float64Array,
  facePressure: Float64Array,
  faceFlow: Float64Array,
  faceMomentum: Float64Array,
  faceSpeed: Float64Array,
  rho: number,
): void {
  const from = endStart[n];
  const to = endStart[n + 1];

  if (kind[n] === NODE_JUNCTION) {
    let head = 0;
    for (let j = from; j < to; j++) {
      const e = ends[j];
      const sigma = e % 2 === 1 ? 1 : -1;
      const at = e * END_SHAPE;
      const s = endRoot[e];
      const u = endInvariant[e] - sigma * Math.sqrt(endShape[at + 2] * s);
      trial[j] = s * s;
      head += endShape[at + 3] + endShape[at + 1] * (s - endShape[at]) + 0.5 * rho * u * u;
    }
    head = head / (to - from);
    let change = 1;
    for (let iteration = 0; iteration < NEWTON_MAX && change > NEWTON_STOP; iteration++) {
      let surplus = 0;
      let weight = 0;
      for (let j = from; j < to; j++) {
        const e = ends[j];
        const sigma = e % 2 === 1 ? 1 : -1;
        const at = e * END_SHAPE;
        const a = trial[j];
        const s = Math.sqrt(a);
        const c = 0.25 * Math.sqrt(endShape[at + 2] * s);
        const u = endInvariant[e] - sigma * 4 * c;
        const miss = endShape[at + 3] + endShape[at + 1] * (s - endShape[at]) + 0.5 * rho * u * u - head;
        const response = (sigma * (u - sigma * c) * a) / (rho * c * (c - sigma * u)); // dQ/dH of this end
        surplus += -sigma * a * u + response * miss;
        weight += response;
      }
      const rise = surplus / weight;
      change = 0;
      for (let j = from; j < to; j++) {
        const e = ends[j];
        const sigma = e % 2 === 1 ? 1 : -1;
        const at = e * END_SHAPE;
        const a = trial[j];
        const s = Math.sqrt(a);
        const c = 0.25 * Math.sqrt(endShape[at + 2] * s);
        const u = endInvariant[e] - sigma * 4 * c;
        const miss = endShape[at + 3] + endShape[at + 1] * (s - endShape[at]) + 0.5 * rho * u * u - head;
        const da = ((rise - miss) * a) / (rho * c * (c - sigma * u));
        trial[j] = a + da;
        change = Math.max(change, Math.abs(da) / a);
      }
      head += rise;
    }
    for (let j = from; j < to; j++) {
      const e = ends[j];
      const sigma = e % 2 === 1 ? 1 : -1;
      const at = e * END_SHAPE;
      const a = trial[j];
      const s = Math.sqrt(a);
      const c4 = Math.sqrt(endShape[at + 2] * s);
      const u = endInvariant[e] - sigma * c4;
      const f = endFace[e];
      facePressure[f] = endShape[at + 3] + endShape[at + 1] * (s - endShape[at]);
      faceFlow[f] = a * u;
      faceMomentum[f] = a * u * u;
      faceSpeed[f] = Math.abs(u) + 0.25 * c4;
    }
  } else {
    const e = ends[from];
    const at = e * END_SHAPE;
    const shape = endShape[at + 2];
    const stiff = endShape[at + 1];
    const p0 = endShape[at + 3] - stiff * endShape[at];
    let s = endRoot[e];
    const sigma = e % 2 === 1 ? 1 : -1;
    const w = endInvariant[e];
    if (kind[n] === NODE_INLET) {
      const q = inflow[stepOf[Math.floor(e / 2)]];
      let change = 1;
      for (let iteration = 0; iteration < NEWTON_MAX && change > NEWTON_STOP; iteration++) {
        const c4 = Math.sqrt(shape * s);
        const u = w + c4;
        const ds = -(s * s * u - q) / (2 * s * u + 0.5 * s * c4);
        s = s + ds;
        change = Math.abs(ds) / s;
      }
    } else if (kind[n] === NODE_LOAD) {
      const base = n * LOAD;
      const resistance = load[base + 1];
      const pressure = (capacitor[n] + load[base + 3]) / load[base + 2];
      let change = 1;
      for (let iteration = 0; iteration < NEWTON_MAX && change > NEWTON_STOP; iteration++) {
        const c4 = Math.sqrt(shape * s);
        const u = w - c4;
        const miss = p0 + stiff * s - pressure - resistance * s * s * u;
        const ds = -miss / (stiff - resistance * (2 * s * u - 0.5 * s * c4));
        s = s + ds;
        change = Math.abs(ds) / s;
      }
    } else {
      const base = n * LOAD;
      const back = -load[base + 1] - load[base] * (w - load[base + 1]);
      const spread = w - back; // 8 c
      s = (spread * spread) / (4 * shape);
    }
    const c4 = Math.sqrt(shape * s);
    const u = w - sigma * c4;
    const a = s * s;
    const f = endFace[e];
    const p = p0 + stiff * s;
    facePressure[f] = p;
    faceFlow[f] = a * u;
    faceMomentum[f] = a * u * u;
    faceSpeed[f] = Math.abs(u) + 0.25 * c4;
    if (kind[n] === NODE_LOAD) {
      const base = n * LOAD;
      if (load[base + 4] === 1) {
        capacitor[n] = 2 * (p - load[base] * a * u) - capacitor[n];
      }
    }
  }
}

/** The constants that `solveNode` captures. */
export const nodeConstants = {
  NODE_INLET,
  NODE_LOAD,
  NODE_REFLECTION,
  NODE_JUNCTION,
  END_SHAPE,
  LOAD,
  NEWTON_STOP,
  NEWTON_MAX,
};
