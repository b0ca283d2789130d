import { KernelError, ShapeError } from '../../src/errors.js';
import { asGrid, checkDisjoint, checkGrid, checkSameShape, type Grid } from './grid.js';

/** The arguments of one sweep, checked and sorted. */
export interface Bound {
  readonly outputs: readonly Grid[];
  readonly grids: readonly Grid[];
  readonly scalars: readonly (number | boolean)[];
  readonly shape: readonly number[];
  /** One per parameter of the user's function: `grid0`, `grid1`, ... or `number`, `boolean`. */
  readonly kinds: readonly string[];
  /** Part of the key of a variant: kinds, element types, number of outputs. */
  readonly key: string;
}

/**
 * Sorts the arguments `(out, ...args)` of a sweep; `args` are in the order of the parameters `names`.
 *
 * @throws ShapeError naming the grid, its shape and the shape expected.
 * @throws KernelError for an argument that is neither a grid nor a number.
 */
export function bindSweep(names: readonly string[], args: readonly unknown[], iterations: number): Bound {
  const [out, ...inputs] = args;
  const list = Array.isArray(out) ? (out as unknown[]) : [out];
  const outputs = list.map((value, k) => {
    const name = list.length === 1 ? 'out' : `out[${k}]`;
    const grid = asGrid(value);
    if (grid === undefined) throw new ShapeError(`\`${name}\` is not a grid. Give { data, shape } or a Float64Array.`);
    checkGrid(name, grid, undefined);
    return { name, grid };
  });
  const first = outputs[0];
  if (first === undefined) throw new ShapeError('`out` is an empty list. Give one grid per output.');
  const { shape } = first.grid;
  for (const { name, grid } of outputs.slice(1)) checkSameShape(name, grid.shape, shape, first.name);
  const grids: { name: string; grid: Grid }[] = [];
  const scalars: (number | boolean)[] = [];
  const kinds = names.map((name, k) => {
    const value = inputs[k];
    if (typeof value === 'number' || typeof value === 'boolean') {
      scalars.push(value);
      return typeof value;
    }
    const grid = asGrid(value);
    if (grid === undefined) {
      throw new KernelError(
        `Argument \`${name}\` of the stencil is neither a grid nor a number. Give { data, shape }.`,
      );
    }
    checkGrid(name, grid, shape.length);
    checkSameShape(name, grid.shape, shape, first.name);
    grids.push({ name, grid });
    return `grid${grids.length - 1}`;
  });
  outputs.forEach((o, k) => {
    for (const g of grids) checkDisjoint(o.name, o.grid.data, g.name, g.grid.data);
    for (const other of outputs.slice(k + 1)) checkDisjoint(o.name, o.grid.data, other.name, other.grid.data);
  });
  if (iterations > 1) checkFeedback(outputs, grids);
  const elements = [...outputs, ...grids].map(({ grid }) => (grid.data instanceof Float64Array ? 'f64' : 'f32'));
  return {
    outputs: outputs.map((o) => o.grid),
    grids: grids.map((g) => g.grid),
    scalars,
    shape,
    kinds,
    key: [shape.length, outputs.length, iterations > 1, ...kinds, ...elements].join(),
  };
}

/** With several iterations, output k is read as grid k of the next one. */
function checkFeedback(
  outputs: readonly { name: string; grid: Grid }[],
  grids: readonly { name: string; grid: Grid }[],
): void {
  outputs.forEach((o, k) => {
    const g = grids[k];
    if (g === undefined)
      throw new ShapeError(`\`${o.name}\` feeds no grid: there are ${grids.length} grids to iterate on.`);
    if (g.grid.data.constructor !== o.grid.data.constructor) {
      throw new ShapeError(
        `\`${o.name}\` is a ${o.grid.data.constructor.name}, but grid \`${g.name}\`, which it feeds, is a ${g.grid.data.constructor.name}.`,
      );
    }
  });
}

/** Checks that every axis has more points than the stencil reaches. */
export function checkReach(shape: readonly number[], reach: readonly number[]): void {
  shape.forEach((n, axis) => {
    const r = reach[axis] ?? 0;
    if (n > 0 && n <= r) {
      throw new ShapeError(
        `Axis ${axis} has ${n} points, but the stencil reaches ${r}. Use a grid of at least ${r + 1}.`,
      );
    }
  });
}
