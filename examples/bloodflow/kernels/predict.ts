/**
 * Monotonized-central slope: zero at an extremum, otherwise the central difference, never steeper than twice either side.
 *
 * Written with selections alone, so that the loop around it has no branches.
 */
export function limitedSlope(back: number, front: number): number {
  const sign = back * front > 0 ? (back > 0 ? 1 : -1) : 0;
  const central = 0.5 * Math.abs(back + front);
  const b = 2 * Math.abs(back);
  const f = 2 * Math.abs(front);
  const steepest = b < f ? b : f;
  return sign * (central < steepest ? central : steepest);
}

/**
 * First half of a step of vessel `v`: slopes, half-step states (MUSCL-Hancock), and the Riemann solution of every face
 * between two cells of the vessel. The two end faces belong to nodes; their half-step edge states are left in
 * `endRoot`, `endInvariant`.
 *
 * Slots: cell i and face i of vessel v live at `first[v] + i`; there is one slot more than cells.
 * With A the area and s = sqrt(A): P = pRef + stiff (s - rest), 4c = sqrt(wave s), wave = 8 stiff / rho.
 *
 * Every loop runs over arrays without branches and without one iteration needing another, so that it can be vectorized.
 */
export function predict(
  v: number,
  first: Int32Array,
  cells: Int32Array,
  ratio: Float64Array, // dt / dx
  drag: Float64Array, // dt / 2 times the friction coefficient
  pRef: Float64Array,
  stiff: Float64Array,
  invStiff: Float64Array,
  rest: Float64Array,
  faceStiff: Float64Array,
  invFaceStiff: Float64Array,
  faceRest: Float64Array,
  wave: Float64Array,
  invWave: Float64Array, // 1 / (4 wave)
  area: Float64Array,
  flow: Float64Array,
  pressure: Float64Array, // work, as are the next five
  invRoot: Float64Array,
  slopeP: Float64Array, // half the difference across the cell
  slopeQ: Float64Array,
  arriving: Float64Array, // W+ at a face, from the cell before it
  leaving: Float64Array, // W- at a face, from the cell behind it
  halfArea: Float64Array,
  loss: Float64Array,
  facePressure: Float64Array,
  faceFlow: Float64Array,
  faceMomentum: Float64Array,
  faceSpeed: Float64Array,
  endRoot: Float64Array,
  endInvariant: Float64Array,
  invRho: number,
): void {
  const start = first[v];
  const end = start + cells[v];
  const last = end - 1;
  const half = 0.5 * ratio[v];
  const friction = drag[v];
  const p0 = pRef[v];

  for (let i = start; i < end; i++) {
    const root = Math.sqrt(area[i]);
    pressure[i] = p0 + stiff[i] * (root - rest[i]);
    invRoot[i] = 1 / root;
  }

  // Half of the slopes; the end cells have one neighbour only.
  for (let i = start + 1; i < last; i++) {
    slopeP[i] = 0.5 * limitedSlope(pressure[i] - pressure[i - 1], pressure[i + 1] - pressure[i]);
    slopeQ[i] = 0.5 * limitedSlope(flow[i] - flow[i - 1], flow[i + 1] - flow[i]);
  }
  slopeP[start] = 0.5 * (pressure[start + 1] - pressure[start]);
  slopeQ[start] = 0.5 * (flow[start + 1] - flow[start]);
  slopeP[last] = 0.5 * (pressure[last] - pressure[last - 1]);
  slopeQ[last] = 0.5 * (flow[last] - flow[last - 1]);

  // Half a step in time from the cell's own edge values, then the characteristics that leave the cell.
  for (let i = start; i < end; i++) {
    const p = pressure[i] - p0;
    const q = flow[i];
    const hp = slopeP[i];
    const hq = slopeQ[i];
    const sLeft = faceRest[i] + (p - hp) * invFaceStiff[i];
    const sRight = faceRest[i + 1] + (p + hp) * invFaceStiff[i + 1];
    const inv = 1 / (sLeft * sRight); // divisions are what this loop costs: one serves both edges
    const left = (q - hq) * sRight * inv;
    const right = (q + hq) * sLeft * inv;
    const pHalf = p - half * stiff[i] * invRoot[i] * hq;
    const force = right * right - left * left + 2 * area[i] * hp * invRho;
    const qHalf = q - half * force - friction * q * invRoot[i] * invRoot[i];
    const root = rest[i] + pHalf * invStiff[i];
    const aHalf = root * root;
    halfArea[i] = aHalf;
    loss[i] = (2 * friction * qHalf) / aHalf;
    const rootLeft = faceRest[i] + (pHalf - hp) * invFaceStiff[i];
    const rootRight = faceRest[i + 1] + (pHalf + hp) * invFaceStiff[i + 1];
    const invHalf = 1 / (rootLeft * rootRight);
    const invLeft = rootRight * invHalf;
    const invRight = rootLeft * invHalf;
    leaving[i] = (qHalf - hq) * invLeft * invLeft - Math.sqrt(wave[i] * rootLeft);
    arriving[i + 1] = (qHalf + hq) * invRight * invRight + Math.sqrt(wave[i + 1] * rootRight);
    pressure[i] = pHalf;
  }

  for (let f = start + 1; f < end; f++) {
    const u = 0.5 * (arriving[f] + leaving[f]);
    const spread = arriving[f] - leaving[f]; // 8 c
    const root = spread * spread * invWave[f];
    const q = root * root * u;
    facePressure[f] = p0 + faceStiff[f] * (root - faceRest[f]);
    faceFlow[f] = q;
    faceMomentum[f] = q * u;
    faceSpeed[f] = Math.abs(u) + 0.125 * spread;
  }

  // The half-step edge states, for the nodes: sqrt(A) is where Newton starts, W what is known of the outside.
  endRoot[2 * v] = faceRest[start] + (pressure[start] - slopeP[start]) * invFaceStiff[start];
  endInvariant[2 * v] = leaving[start];
  endRoot[2 * v + 1] = faceRest[end] + (pressure[last] + slopeP[last]) * invFaceStiff[end];
  endInvariant[2 * v + 1] = arriving[end];
}
