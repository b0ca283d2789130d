import { ShapeError } from '../../src/errors.js';

/** A row-major grid of one or two axes. */
export interface Grid {
  readonly data: Float64Array | Float32Array;
  readonly shape: readonly number[];
}

/** A one-dimensional grid may be its array alone. */
export type GridLike = Grid | Float64Array | Float32Array;

/** A grid argument, or `undefined` for anything else (numbers, mostly). */
export function asGrid(value: unknown): Grid | undefined {
  if (value instanceof Float64Array || value instanceof Float32Array) return { data: value, shape: [value.length] };
  if (typeof value !== 'object' || value === null) return undefined;
  const { data, shape } = value as Partial<Grid>;
  return data !== undefined && shape !== undefined ? (value as Grid) : undefined;
}

export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** Checks one grid by itself: element type, axes, and as many elements as its shape says. */
export function checkGrid(name: string, { data, shape }: Grid, rank: number | undefined): void {
  if (!(data instanceof Float64Array || data instanceof Float32Array)) {
    throw new ShapeError(`Grid \`${name}\` is not a Float64Array or a Float32Array. Give its data as one of these.`);
  }
  if (!Array.isArray(shape) || shape.length < 1 || shape.length > 2) {
    throw new ShapeError(
      `Grid \`${name}\` has ${Array.isArray(shape) ? shape.length : 'no'} axes; stencils have 1 or 2.`,
    );
  }
  if (!shape.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new ShapeError(
      `Grid \`${name}\` has shape ${formatShape(shape)}; every axis must be a whole number of points.`,
    );
  }
  if (rank !== undefined && shape.length !== rank) {
    throw new ShapeError(`Grid \`${name}\` has shape ${formatShape(shape)}, but the stencil has ${rank} axes.`);
  }
  const wanted = shape.reduce((a, n) => a * n, 1);
  if (data.length !== wanted) {
    throw new ShapeError(
      `Grid \`${name}\` has shape ${formatShape(shape)}, which needs ${wanted} elements, but its array has ${data.length}.`,
    );
  }
}

/** Checks that a grid has the shape of the others. */
export function checkSameShape(name: string, shape: readonly number[], wanted: readonly number[], like: string): void {
  if (shape.length === wanted.length && shape.every((n, k) => n === wanted[k])) return;
  throw new ShapeError(
    `Grid \`${name}\` has shape ${formatShape(shape)}; expected ${formatShape(wanted)}, the shape of \`${like}\`.`,
  );
}

/** Checks that what is written is not what is read. */
export function checkDisjoint(a: string, x: Grid['data'], b: string, y: Grid['data']): void {
  if (x.buffer !== y.buffer) return;
  if (x.byteOffset + x.byteLength <= y.byteOffset || y.byteOffset + y.byteLength <= x.byteOffset) return;
  throw new ShapeError(`Grids \`${a}\` and \`${b}\` share memory. Write into a grid that is not read.`);
}
