/** Number of places per vessel where waveforms and extremes are taken: inlet, 1/4, 1/2, 3/4, outlet. */
export const PROBES = 5;
/** Numbers kept per probe over a cycle: largest, smallest and summed pressure, then the same of flow. */
export const STATS = 6;

/** `fault[v]`: what was found in vessel v. */
export const FAULT_COURANT = 1;
export const FAULT_AREA = 2;

/**
 * Second half of a step of vessel `v`: takes the probes from the face values (their time is the middle of the step),
 * moves areas and flows to the end of the step, checks the Courant number and the areas, and counts the step.
 *
 * A fault is noted once per vessel (`fault`, `faultStep`, `faultValue`) and raised in `stop[0]`; every vessel that raises
 * it in the same step writes the same value, so what is reported does not depend on the order of vessels.
 */
export function update(
  v: number,
  first: Int32Array,
  cells: Int32Array,
  ratio: Float64Array,
  area: Float64Array,
  flow: Float64Array,
  halfArea: Float64Array,
  loss: Float64Array,
  facePressure: Float64Array,
  faceFlow: Float64Array,
  faceMomentum: Float64Array,
  faceSpeed: Float64Array,
  courant: Float64Array,
  stepOf: Int32Array,
  probeFace: Int32Array,
  probeWeight: Float64Array,
  stats: Float64Array,
  wave: Float64Array, // [vessel][probe][P, Q][sample]
  fault: Int32Array,
  faultStep: Int32Array,
  faultValue: Float64Array,
  stop: Int32Array,
  invRho: number,
  steps: number,
  every: number,
  samples: number,
): void {
  const start = first[v];
  const end = start + cells[v];
  const r = ratio[v];
  const n = stepOf[v];

  const sample = Math.floor(n / every);
  const sampled = sample * every === n;
  for (let k = v * PROBES; k < v * PROBES + PROBES; k++) {
    const f = probeFace[k];
    const w = probeWeight[k];
    const p = facePressure[f] + w * (facePressure[f + 1] - facePressure[f]);
    const q = faceFlow[f] + w * (faceFlow[f + 1] - faceFlow[f]);
    const at = k * STATS;
    if (n === 0) {
      stats[at] = p;
      stats[at + 1] = p;
      stats[at + 2] = p;
      stats[at + 3] = q;
      stats[at + 4] = q;
      stats[at + 5] = q;
    } else {
      stats[at] = Math.max(stats[at], p);
      stats[at + 1] = Math.min(stats[at + 1], p);
      stats[at + 2] = stats[at + 2] + p;
      stats[at + 3] = Math.max(stats[at + 3], q);
      stats[at + 4] = Math.min(stats[at + 4], q);
      stats[at + 5] = stats[at + 5] + q;
    }
    if (sampled) {
      wave[2 * k * samples + sample] = p;
      wave[(2 * k + 1) * samples + sample] = q;
    }
  }

  for (let i = start; i < end; i++) {
    area[i] = area[i] - r * (faceFlow[i + 1] - faceFlow[i]);
    const force = halfArea[i] * invRho * (facePressure[i + 1] - facePressure[i]);
    flow[i] = flow[i] - r * (faceMomentum[i + 1] - faceMomentum[i] + force) - loss[i];
  }

  // The comparisons are false for NaN, which is a fault as well.
  let badArea = 1;
  let fastest = faceSpeed[end];
  for (let i = start; i < end; i++) {
    if (!(area[i] > 0)) {
      badArea = area[i];
    }
    if (faceSpeed[i] > fastest) {
      fastest = faceSpeed[i];
    }
  }
  const number = fastest * r;
  courant[v] = n === 0 ? number : Math.max(courant[v], number);
  if (fault[v] === 0) {
    if (!(badArea > 0)) {
      fault[v] = FAULT_AREA;
      faultStep[v] = n;
      faultValue[v] = badArea;
      stop[0] = 1;
    } else if (!(number <= 1)) {
      fault[v] = FAULT_COURANT;
      faultStep[v] = n;
      faultValue[v] = number;
      stop[0] = 1;
    }
  }
  stepOf[v] = n + 1 === steps ? 0 : n + 1;
}

/** The constants that `update` captures. */
export const updateConstants = { PROBES, STATS, FAULT_COURANT, FAULT_AREA };
