import { KernelError } from '../../src/errors.js';
import type { Bound } from './bind.js';
import { checkReach } from './bind.js';
import { type Faces, hasGradient, land } from './boundary.js';
import type { Grid } from './grid.js';

/** How a stencil reads a grid: offsets from the current point, one per axis. */
export type GridAccess = (...offsets: number[]) => number;

/** The sweep in plain JS: the reference for the compiled one, and what runs without a compiler. */
export function sweepPlainly(fn: (...args: never[]) => unknown, b: Bound, faces: Faces, iterations: number): void {
  let sources: readonly Grid['data'][] = b.grids.map((g) => g.data);
  const outputs = b.outputs.map((g) => g.data);
  const scratch = iterations > 1 ? outputs.map((o) => o.slice()) : outputs;
  for (let t = 1; t <= iterations; t++) {
    const targets = (iterations - t) % 2 === 0 ? outputs : scratch;
    sweepOnce(fn, b, faces, sources, targets);
    sources = sources.map((s, k) => targets[k] ?? s);
  }
}

function sweepOnce(
  fn: (...args: never[]) => unknown,
  b: Bound,
  faces: Faces,
  sources: readonly Grid['data'][],
  targets: readonly Grid['data'][],
): void {
  const rank = b.shape.length;
  const [n0, n1] = rank === 1 ? [1, b.shape[0] as number] : (b.shape as [number, number]);
  const point: [number, number] = [0, 0];
  const readers = sources.map((data) => reader(data, b.shape, faces, point));
  let scalar = 0;
  const args = b.kinds.map((kind) => (kind.startsWith('grid') ? readers[Number(kind.slice(4))] : b.scalars[scalar++]));
  for (let i = 0; i < n0; i++) {
    for (let j = 0; j < n1; j++) {
      point[0] = i;
      point[1] = j;
      const value = (fn as (...a: unknown[]) => unknown)(...args);
      if (targets.length === 1 && !Array.isArray(value)) {
        (targets[0] as Grid['data'])[i * n1 + j] = value as number;
        continue;
      }
      if (!Array.isArray(value) || value.length !== targets.length) {
        throw new KernelError(
          `The stencil returned ${Array.isArray(value) ? value.length : 'no list of'} values for ${targets.length} outputs.`,
        );
      }
      targets.forEach((t, k) => {
        t[i * n1 + j] = value[k];
      });
    }
  }
}

/** The accessor of one grid; it reads around `point`, which the sweep moves. */
function reader(
  data: Grid['data'],
  shape: readonly number[],
  faces: Faces,
  point: readonly [number, number],
): GridAccess {
  const gradient = hasGradient(faces);
  const at = (axis: number, index: number, offset: number): ReturnType<typeof land> => {
    const n = shape[axis] as number;
    if (Math.abs(offset) >= n)
      checkReach(
        shape,
        shape.map((_, k) => (k === axis ? Math.abs(offset) : 0)),
      );
    return land(faces[axis] as Faces[number], n, index);
  };
  if (shape.length === 1) {
    return (d) => {
      const index = point[1] + (d as number);
      const landing = at(0, index, d as number);
      if (landing.value !== undefined) return landing.value;
      const value = data[landing.index] as number;
      return gradient && landing.index !== index ? value + landing.added : value;
    };
  }
  const n1 = shape[1] as number;
  return (d0, d1) => {
    const [i, j] = [point[0] + (d0 as number), point[1] + (d1 as number)];
    const row = at(0, i, d0 as number);
    if (row.value !== undefined) return row.value;
    const column = at(1, j, d1 as number);
    if (column.value !== undefined) return column.value;
    const value = data[row.index * n1 + column.index] as number;
    const outside = row.index !== i || column.index !== j;
    return gradient && outside ? value + (row.added + column.added) : value;
  };
}
