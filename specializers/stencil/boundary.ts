import { KernelError } from '../../src/errors.js';

/** What a grid holds beyond one of its faces. */
export type Face =
  /** The value `value` everywhere outside. */
  | { readonly kind: 'dirichlet'; readonly value: number }
  /** Mirrored about the face between the last point and the first one outside, plus `gradient` per unit outwards. */
  | { readonly kind: 'neumann'; readonly gradient?: number }
  /** The grid again, from its other end; must stand on both faces of an axis. */
  | { readonly kind: 'periodic' }
  /** The value of the last point. */
  | { readonly kind: 'clamp' }
  /** Mirrored about the last point itself. */
  | { readonly kind: 'reflect' };

/** One kind for all faces, or per axis one for both faces or `[low, high]`. */
export type Boundary = FaceLike | readonly AxisBoundary[];
export type AxisBoundary = FaceLike | readonly [low: FaceLike, high: FaceLike];
/** Kinds without a parameter may be given by name alone. */
export type FaceLike = Face | 'neumann' | 'periodic' | 'clamp' | 'reflect';

/** The faces of every axis, low and high. */
export type Faces = readonly (readonly [low: Face, high: Face])[];

const KINDS = new Set(['dirichlet', 'neumann', 'periodic', 'clamp', 'reflect']);

/**
 * Spells a boundary out for `rank` axes.
 *
 * @throws KernelError for an unknown kind, a missing value, a wrong number of axes, or half a periodic axis.
 */
export function facesOf(boundary: Boundary | undefined, rank: number): Faces {
  const wanted = boundary ?? 'clamp';
  const axes: readonly AxisBoundary[] = isFaceLike(wanted) ? Array.from({ length: rank }, () => wanted) : wanted;
  if (axes.length !== rank) {
    throw new KernelError(
      `The boundary has ${axes.length} axes, but the stencil has ${rank}. Give one entry per axis.`,
    );
  }
  return axes.map((axis, k) => {
    const [low, high] = isFaceLike(axis) ? [axis, axis] : axis;
    const faces = [face(low, k), face(high, k)] as const;
    if ((faces[0].kind === 'periodic') !== (faces[1].kind === 'periodic')) {
      throw new KernelError(`Axis ${k} is periodic at one face only. Make both faces periodic, or neither.`);
    }
    return faces;
  });
}

function isFaceLike(value: Boundary | AxisBoundary): value is FaceLike {
  return !Array.isArray(value);
}

function face(value: FaceLike, axis: number): Face {
  const spelled = typeof value === 'string' ? { kind: value } : value;
  if (typeof spelled !== 'object' || spelled === null || !KINDS.has(spelled.kind)) {
    const kind = typeof spelled === 'object' ? (spelled as { kind?: unknown } | null)?.kind : spelled;
    throw new KernelError(`Boundary kind \`${String(kind)}\` of axis ${axis} is not one of ${[...KINDS].join(', ')}.`);
  }
  if (spelled.kind === 'dirichlet' && typeof spelled.value !== 'number') {
    throw new KernelError(`The dirichlet face of axis ${axis} has no number as its value. Give { kind, value }.`);
  }
  return spelled as Face;
}

/** Whether reads outside add a gradient, on any face. */
export function hasGradient(faces: Faces): boolean {
  return faces.some((axis) => axis.some((f) => f.kind === 'neumann' && (f.gradient ?? 0) !== 0));
}

/** Where a read outside along one axis lands: an index inside, a distance that a gradient is taken over, or a value. */
export interface Landing {
  readonly index: number;
  readonly added: number;
  readonly value: number | undefined;
}

/** Follows one axis: `index` may lie up to `n` points outside `[0, n)`. */
export function land(faces: readonly [Face, Face], n: number, index: number): Landing {
  if (index >= 0 && index < n) return { index, added: 0, value: undefined };
  const low = index < 0;
  const f = low ? faces[0] : faces[1];
  switch (f.kind) {
    case 'dirichlet':
      return { index: 0, added: 0, value: f.value };
    case 'neumann': {
      const distance = low ? -index : index - n + 1;
      return {
        index: low ? distance - 1 : n - distance,
        added: (f.gradient ?? 0) * (2 * distance - 1),
        value: undefined,
      };
    }
    case 'periodic':
      return { index: low ? index + n : index - n, added: 0, value: undefined };
    case 'clamp':
      return { index: low ? 0 : n - 1, added: 0, value: undefined };
    case 'reflect':
      return { index: low ? -index : 2 * (n - 1) - index, added: 0, value: undefined };
  }
}
