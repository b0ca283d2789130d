import { BloodflowError } from '../errors.js';
import { END_SHAPE, NODE_INLET, NODE_JUNCTION, NODE_LOAD, NODE_REFLECTION } from '../kernels/node.js';
import { PROBES, STATS } from '../kernels/update.js';
import type { Network, Vessel } from './network.js';
import { rootAt, wallAt, waveSpeed } from './wall.js';

/** More cells than any sensible network has: a slip in dx or M. */
const MAX_CELLS = 2e7;

/** Where the probes of a vessel are, as parts of its length. */
export const PROBE_PLACES: readonly number[] = [0, 0.25, 0.5, 0.75, 1];
/** Index of the probe at half length. */
export const MID_PROBE = 2;

/** The whole network as flat arrays, in the layout that the kernels expect (see `predict`, `solveNode`, `update`). */
export interface Mesh {
  readonly vessels: number;
  readonly nodes: number;
  readonly totalCells: number;
  readonly samples: number;
  /** The fastest wave at rest, in cells per second: what bounds the time step. */
  readonly crossings: number;
  /** Number in the input of the node with index n. */
  readonly nodeIds: readonly number[];
  readonly dx: Float64Array;

  readonly first: Int32Array;
  readonly cells: Int32Array;
  readonly pRef: Float64Array;

  readonly stiff: Float64Array;
  readonly invStiff: Float64Array;
  readonly rest: Float64Array;
  readonly faceStiff: Float64Array;
  readonly invFaceStiff: Float64Array;
  readonly faceRest: Float64Array;
  readonly wave: Float64Array;
  readonly invWave: Float64Array;

  readonly area: Float64Array;
  readonly flow: Float64Array;
  readonly pressure: Float64Array;
  readonly invRoot: Float64Array;
  readonly slopeP: Float64Array;
  readonly slopeQ: Float64Array;
  readonly arriving: Float64Array;
  readonly leaving: Float64Array;
  readonly halfArea: Float64Array;
  readonly loss: Float64Array;
  readonly facePressure: Float64Array;
  readonly faceFlow: Float64Array;
  readonly faceMomentum: Float64Array;
  readonly faceSpeed: Float64Array;

  readonly endFace: Int32Array;
  readonly endShape: Float64Array;
  /** Four times the wave speed of the initial state: what a reflection outlet reflects against. */
  readonly endC4: Float64Array;
  readonly endRoot: Float64Array;
  readonly endInvariant: Float64Array;

  readonly nodeKind: Int32Array;
  readonly endStart: Int32Array;
  readonly ends: Int32Array;
  readonly capacitor: Float64Array;
  readonly trial: Float64Array;

  readonly stepOf: Int32Array;
  readonly courant: Float64Array;
  readonly probeFace: Int32Array;
  readonly probeWeight: Float64Array;
  readonly stats: Float64Array;
  readonly waveforms: Float64Array;
  readonly fault: Int32Array;
  readonly faultStep: Int32Array;
  readonly faultValue: Float64Array;
  readonly stop: Int32Array;
}

/** Cells of a vessel: the user's M, or the fewest even number (so that half length is a face) no larger than `dx` each. */
export function cellsOf(vessel: Vessel, dx: number): number {
  return vessel.cells ?? 2 * Math.max(1, Math.ceil(vessel.length / (2 * dx) - 1e-9));
}

/**
 * Lays the network out in flat arrays, fills the walls, and sets the initial state: one pressure everywhere, no flow.
 *
 * @throws BloodflowError ERR_BLOODFLOW_COLLAPSED when a vessel has no open area at the initial pressure,
 *   ERR_BLOODFLOW_VALUE when there would be far too many cells.
 */
export function buildMesh(network: Network): Mesh {
  const { vessels, blood, solver } = network;
  const count = vessels.length;
  const wanted = vessels.reduce((sum, vessel) => sum + cellsOf(vessel, solver.dx), 0);
  if (wanted > MAX_CELLS) {
    throw new BloodflowError(
      'VALUE',
      `the network would have ${wanted} cells, more than ${MAX_CELLS}.`,
      'Give a larger dx (in metres in the file, in millimetres on the command line), or smaller M.',
    );
  }
  const cells = Int32Array.from(vessels, (v) => cellsOf(v, solver.dx));
  const first = new Int32Array(count);
  let slots = 0;
  for (let v = 0; v < count; v++) {
    first[v] = slots;
    slots += cells[v]! + 1;
  }

  const perVessel = () => new Float64Array(count);
  const perSlot = () => new Float64Array(slots);
  const perEnd = () => new Float64Array(2 * count);
  const dx = perVessel();
  const stiff = perSlot();
  const invStiff = perSlot();
  const rest = perSlot();
  const faceStiff = perSlot();
  const invFaceStiff = perSlot();
  const faceRest = perSlot();
  const wave = perSlot();
  const invWave = perSlot();
  const area = perSlot();
  const endFace = new Int32Array(2 * count);
  const endShape = new Float64Array(2 * count * END_SHAPE);
  const endC4 = perEnd();
  const pRef = Float64Array.from(vessels, (v) => v.pRef);

  let crossings = 0; // fastest wave, in cells per second
  for (let v = 0; v < count; v++) {
    const vessel = vessels[v]!;
    const m = cells[v]!;
    const h = vessel.length / m;
    dx[v] = h;
    for (let i = 0; i < m; i++) {
      const x = (i + 0.5) * h;
      const wall = wallAt(vessel, x);
      const root = rootAt(vessel, wall, solver.pInitial);
      if (!(root > 0)) {
        throw new BloodflowError(
          'COLLAPSED',
          `vessel '${vessel.label}' has no open area at the initial pressure of ${solver.pInitial} Pa (at x = ${x.toPrecision(4)} m).`,
          'Raise solver.initial_pressure, or check E, h0 and the reference pressure (Pext or Pd) of the vessel.',
        );
      }
      const slot = first[v]! + i;
      stiff[slot] = wall.stiff;
      invStiff[slot] = 1 / wall.stiff;
      rest[slot] = wall.rest;
      area[slot] = root * root;
    }
    for (let i = 0; i <= m; i++) {
      const wall = wallAt(vessel, i * h);
      const slot = first[v]! + i;
      faceStiff[slot] = wall.stiff;
      invFaceStiff[slot] = 1 / wall.stiff;
      faceRest[slot] = wall.rest;
      wave[slot] = (8 * wall.stiff) / blood.rho;
      invWave[slot] = 1 / (4 * wave[slot]!);
      const c = waveSpeed(wall, rootAt(vessel, wall, Math.max(solver.pInitial, vessel.pRef)), blood);
      crossings = Math.max(crossings, c / h);
      if (i === 0 || i === m) {
        const end = 2 * v + (i === 0 ? 0 : 1);
        endFace[end] = slot;
        endShape.set([wall.rest, wall.stiff, wave[slot]!, vessel.pRef], end * END_SHAPE);
        endC4[end] = 4 * waveSpeed(wall, rootAt(vessel, wall, solver.pInitial), blood);
      }
    }
  }

  const probes = placeProbes(cells, first);
  const nodes = buildNodes(network);
  return {
    vessels: count,
    nodes: nodes.nodeIds.length,
    totalCells: slots - count,
    samples: solver.samples,
    crossings,
    dx,
    first,
    cells,
    pRef,
    stiff,
    invStiff,
    rest,
    faceStiff,
    invFaceStiff,
    faceRest,
    wave,
    invWave,
    area,
    flow: perSlot(),
    pressure: perSlot(),
    invRoot: perSlot(),
    slopeP: perSlot(),
    slopeQ: perSlot(),
    arriving: perSlot(),
    leaving: perSlot(),
    halfArea: perSlot(),
    loss: perSlot(),
    facePressure: perSlot(),
    faceFlow: perSlot(),
    faceMomentum: perSlot(),
    faceSpeed: perSlot(),
    endFace,
    endShape,
    endC4,
    endRoot: perEnd(),
    endInvariant: perEnd(),
    ...nodes,
    trial: perEnd(),
    stepOf: new Int32Array(count),
    courant: perVessel(),
    ...probes,
    stats: new Float64Array(count * PROBES * STATS),
    waveforms: new Float64Array(count * PROBES * 2 * solver.samples),
    fault: new Int32Array(count),
    faultStep: new Int32Array(count),
    faultValue: perVessel(),
    stop: new Int32Array(1),
  };
}

/** A probe between two faces is interpolated linearly; at half length it is a face when the number of cells is even. */
function placeProbes(cells: Int32Array, first: Int32Array): Pick<Mesh, 'probeFace' | 'probeWeight'> {
  const probeFace = new Int32Array(cells.length * PROBES);
  const probeWeight = new Float64Array(cells.length * PROBES);
  for (let v = 0; v < cells.length; v++) {
    for (let j = 0; j < PROBES; j++) {
      const at = PROBE_PLACES[j]! * cells[v]!;
      const face = Math.min(Math.floor(at), cells[v]! - 1);
      probeFace[v * PROBES + j] = first[v]! + face;
      probeWeight[v * PROBES + j] = at - face;
    }
  }
  return { probeFace, probeWeight };
}

type Nodes = Pick<Mesh, 'nodeIds' | 'nodeKind' | 'endStart' | 'ends' | 'capacitor'>;

function buildNodes(network: Network): Nodes {
  const { vessels, solver } = network;
  const nodeIds = [...new Set(vessels.flatMap((v) => [v.sn, v.tn]))].sort((a, b) => a - b);
  const indexOf = new Map(nodeIds.map((id, n) => [id, n]));
  const endsOf: number[][] = nodeIds.map(() => []);
  vessels.forEach((vessel, v) => {
    endsOf[indexOf.get(vessel.sn)!]!.push(2 * v);
    endsOf[indexOf.get(vessel.tn)!]!.push(2 * v + 1);
  });

  const nodeKind = new Int32Array(nodeIds.length);
  const endStart = new Int32Array(nodeIds.length + 1);
  const capacitor = new Float64Array(nodeIds.length);
  endsOf.forEach((ends, n) => {
    endStart[n + 1] = endStart[n]! + ends.length;
    const end = ends[0]!;
    const outlet = vessels[end >> 1]!.outlet;
    if (ends.length > 1) {
      nodeKind[n] = NODE_JUNCTION;
    } else if (end % 2 === 0) {
      nodeKind[n] = NODE_INLET;
    } else if (outlet?.kind === 'reflection') {
      nodeKind[n] = NODE_REFLECTION;
    } else {
      nodeKind[n] = NODE_LOAD;
      capacitor[n] = outlet?.kind === 'windkessel' ? solver.pInitial : 0;
    }
  });
  return { nodeIds, nodeKind, endStart, ends: Int32Array.from(endsOf.flat()), capacitor };
}
