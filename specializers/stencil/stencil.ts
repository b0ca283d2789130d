import { KernelError } from '../../src/errors.js';
import type { Acquired } from '../../src/jit/acquire.js';
import type { ElementKind } from '../../src/jit/bind.js';
import type { Call, Kernel, ResolvedCall } from '../../src/jit/call.js';
import type { Recipe } from '../../src/jit/engine.js';
import { environmentIdentity, normalisedTree } from '../../src/jit/identity.js';
import type { Environment } from '../../src/jit/lower.js';
import { Variants } from '../../src/jit/variants.js';
import { native } from '../../src/native/load.js';
import { type Bound, bindSweep, checkReach } from './bind.js';
import { type Boundary, type Faces, facesOf } from './boundary.js';
import { generateSweep } from './generate.js';
import type { Grid, GridLike } from './grid.js';
import { modelStencil } from './model.js';
import { type GridAccess, sweepPlainly } from './plain.js';

/** How a stencil is swept and compiled. */
export interface StencilOptions {
  /** What grids hold beyond their faces; `'clamp'` by default. */
  readonly boundary?: Boundary;
  /** Sweeps per call; output k is read as grid k by the next one. Default 1. */
  readonly iterations?: number;
  /** Shown in reports; the function's own name by default. */
  readonly name?: string;
  /** Names that the function uses from outside: numbers and helper functions. */
  readonly env?: Environment;
  /** Throw `KernelError` instead of running plain JS. */
  readonly strict?: boolean;
  /** Where compiled objects are kept; see `HARTS_CACHE`. */
  readonly cacheDir?: string;
}

/** The arguments of a sweep: a grid where the function takes an accessor, the rest unchanged. */
export type SweepArgs<P extends unknown[]> = { [K in keyof P]: P[K] extends number | boolean ? P[K] : GridLike };

/** A compiled stencil: called with the output (a list, if there are several) and then the function's arguments. */
export type Stencil<P extends unknown[]> = Kernel<[out: GridLike | readonly GridLike[], ...args: SweepArgs<P>], void>;

/**
 * Compiles `fn` into a stencil over one- or two-dimensional grids.
 *
 * `fn` runs once per grid point. Each grid argument is called with offsets from that point: `u(-1, 0)` is the neighbour
 * one row up; offsets are constants. `fn` returns the new value, or a list of values for several outputs. It stays an
 * ordinary function: `sweep.plain` runs the whole sweep in JS, with the same results bit for bit.
 *
 * @example
 * const heat = stencil((u, k) => u(0, 0) + k * (u(-1, 0) + u(1, 0) + u(0, -1) + u(0, 1) - 4 * u(0, 0)));
 * heat({ data: next, shape: [64, 64] }, { data: now, shape: [64, 64] }, 0.1);
 *
 * @param fn      pure function of its grids and scalars; see `kernel` for what it may contain.
 * @param options boundary per face, iterations, `strict` (throw instead of falling back).
 * @returns a callable; shapes `[n0, n1]` row-major are checked at each call.
 * @throws  KernelError code `ERR_HARTS_KERNEL` with line and column, only when `strict`; also for malformed options.
 * @throws  ShapeError code `ERR_HARTS_SHAPE` naming the grid, its shape and the shape expected.
 */
export function stencil<P extends (GridAccess | number | boolean)[]>(
  fn: (...args: P) => number | readonly number[],
  options: StencilOptions = {},
): Stencil<P> {
  if (typeof fn !== 'function') throw new KernelError('stencil() was not given a function. Pass one.');
  const iterations = options.iterations ?? 1;
  if (!Number.isInteger(iterations) || iterations < 1) {
    throw new KernelError(`\`iterations\` is ${iterations}. Give a whole number of at least 1.`);
  }
  const name = options.name ?? (fn.name || 'stencil');
  const user = fn as unknown as (...args: never[]) => unknown;
  const variants = new Variants(name, user, options.strict === true);
  // Only the rank of the grids says how many axes the boundary must have; a single kind fits all.
  const faces = (rank: number): Faces => facesOf(options.boundary, rank);
  if (Array.isArray(options.boundary)) faces(options.boundary.length);

  const resolveBound = (parsed: Acquired, bound: Bound): ResolvedCall | undefined => {
    const rank = bound.shape.length;
    const loaded = variants.get(bound.key, () => sweepRecipe(name, parsed, bound, faces(rank), iterations, options));
    if (loaded === undefined) return undefined;
    checkReach(bound.shape, String(loaded.facts.reach).split(',').map(Number));
    return { entry: loaded.entry, ...abiArguments(bound, iterations), returns: 'void' };
  };
  const resolve = (args: readonly unknown[]): ResolvedCall | undefined => {
    const parsed = variants.parsed();
    return parsed && resolveBound(parsed, bindSweep(parsed.paramNames, args, iterations));
  };
  const plainly = (args: readonly unknown[]): void => {
    const names = variants.parsed()?.paramNames ?? Array.from({ length: fn.length }, (_, k) => `argument ${k + 1}`);
    const bound = bindSweep(names, args, iterations);
    sweepPlainly(user, bound, faces(bound.shape.length), iterations);
  };
  const call = (...args: unknown[]): void => {
    const resolved = resolve(args);
    if (resolved === undefined) plainly(args);
    else native().callEntry(resolved.entry, resolved.arrays, resolved.scalars);
  };
  Object.defineProperty(call, 'name', { value: name });
  const made = Object.assign(call, {
    plain: (...args: unknown[]): void => plainly(args),
    kernelName: name,
    bind: (...args: unknown[]): Call => ({ kind: 'call', kernel: made as unknown as Stencil<P>, args }),
    resolve,
    explain: () => variants.explain(),
    source: () => variants.source(),
  });
  return made as unknown as Stencil<P>;
}

function elementOf(grid: Grid): ElementKind {
  return grid.data instanceof Float64Array ? 'f64' : 'f32';
}

/** Identity and generator of one variant: element types, rank, boundary, whether outputs feed back. */
function sweepRecipe(
  name: string,
  parsed: Acquired,
  bound: Bound,
  faces: Faces,
  iterations: number,
  options: StencilOptions,
): Recipe {
  const env = options.env ?? {};
  const rank = bound.shape.length;
  const layout = {
    title: name,
    rank,
    faces,
    outputElements: bound.outputs.map(elementOf),
    gridElements: bound.grids.map(elementOf),
    scalars: bound.kinds.filter((k): k is 'number' | 'boolean' => !k.startsWith('grid')),
    feedback: iterations > 1,
  };
  const { kinds } = bound;
  const outputs = bound.outputs.length;
  // JSON has no NaN, Infinity or -0; a boundary value may be one of them.
  const spelled = JSON.stringify(layout, (_, v: unknown) =>
    typeof v === 'number' ? (Object.is(v, -0) ? '-0' : String(v)) : v,
  );
  return {
    identity: JSON.stringify(['stencil', normalisedTree(parsed), kinds, environmentIdentity(env), spelled]),
    parallel: true,
    cacheDir: options.cacheDir,
    generate: () => {
      const model = modelStencil(parsed, kinds, outputs, rank, env);
      return { source: generateSweep(model, layout), facts: { returns: 'void', reach: model.reach.join() } };
    },
  };
}

/** Outputs, grids, scratch; n0, n1, iterations, scalars. A one-dimensional grid is one row. */
function abiArguments(bound: Bound, iterations: number): Pick<ResolvedCall, 'arrays' | 'scalars'> {
  const outputs = bound.outputs.map((g) => g.data);
  const scratch = outputs.map((o) => (iterations > 1 ? o.slice() : o.slice(0, 0)));
  const [n0, n1] = bound.shape.length === 1 ? [1, bound.shape[0] as number] : (bound.shape as [number, number]);
  return {
    arrays: [...outputs, ...bound.grids.map((g) => g.data), ...scratch],
    scalars: [n0, n1, iterations, ...bound.scalars.map(Number)],
  };
}
