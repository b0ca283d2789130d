/**
 * The lattice of inference: boolean, integer with a range, double.
 *
 * An `int` is exact: its value is an integer inside `[lo, hi]`, and that is inside ±2^53, so that a double and an int64
 * hold the same number. `negZero` marks results that JS computes as -0 where an integer would be 0: they may serve as
 * integers (an index, a bit pattern) but must be computed in double where the sign of zero can be seen.
 */
export type NumericType =
  | { readonly kind: 'bool' }
  | { readonly kind: 'int'; readonly lo: number; readonly hi: number; readonly negZero: boolean }
  | { readonly kind: 'double'; readonly mayBeUndefined: boolean };

export const BOOL: NumericType = { kind: 'bool' };
export const DOUBLE: NumericType = { kind: 'double', mayBeUndefined: false };
export const UNDEFINED: NumericType = { kind: 'double', mayBeUndefined: true };
export const INT32: NumericType = { kind: 'int', lo: -(2 ** 31), hi: 2 ** 31 - 1, negZero: false };
export const UINT32: NumericType = { kind: 'int', lo: 0, hi: 2 ** 32 - 1, negZero: false };

const SAFE = 2 ** 53;

/** Bases of checked indexes. */
export const INDEX_INT: NumericType = { kind: 'int', lo: -(2 ** 31), hi: 2 ** 31, negZero: false };

/** An integer type, or double when the range leaves what a double holds exactly. */
export function intRange(lo: number, hi: number, negZero = false): NumericType {
  return lo >= -SAFE && hi <= SAFE ? { kind: 'int', lo, hi, negZero } : DOUBLE;
}

/** The type of a number written in the source. */
export function typeOfNumber(value: number): NumericType {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? intRange(value, value) : DOUBLE;
}

/** A boolean seen as a number. */
export function numeric(t: NumericType): NumericType {
  return t.kind === 'bool' ? { kind: 'int', lo: 0, hi: 1, negZero: false } : t;
}

/** Whether a variable of this type is an int64 in C. */
export function isInt(t: NumericType | undefined): boolean {
  return t?.kind === 'int';
}

/** Whether the exact sign of zero matters and may be negative. */
export function hidesNegativeZero(t: NumericType): boolean {
  return t.kind === 'int' && t.negZero;
}

/** What a variable holds after a value of this type was assigned: -0 must survive, so such integers become doubles. */
export function stored(t: NumericType): NumericType {
  return hidesNegativeZero(t) ? DOUBLE : t;
}

/** The smallest type above both, or `undefined` for boolean and number, which JS tells apart. */
export function join(a: NumericType, b: NumericType): NumericType | undefined {
  if (a.kind === 'bool' || b.kind === 'bool') return a.kind === b.kind ? a : undefined;
  if (a.kind === 'int' && b.kind === 'int') {
    return intRange(Math.min(a.lo, b.lo), Math.max(a.hi, b.hi), a.negZero || b.negZero);
  }
  const mayBeUndefined = (a.kind === 'double' && a.mayBeUndefined) || (b.kind === 'double' && b.mayBeUndefined);
  return mayBeUndefined ? UNDEFINED : DOUBLE;
}

export function sameType(a: NumericType | undefined, b: NumericType | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.kind === 'int' && b.kind === 'int') return a.lo === b.lo && a.hi === b.hi && a.negZero === b.negZero;
  if (a.kind === 'double' && b.kind === 'double') return a.mayBeUndefined === b.mayBeUndefined;
  return a.kind === b.kind;
}

const LOW_STEPS = [0, -(2 ** 31), -(2 ** 52)];
const HIGH_STEPS = [0, 2 ** 31 - 1, 2 ** 32, 2 ** 52];

/** Jumps over a range that keeps growing, so that the fixpoint is reached in a few rounds. */
export function widen(before: NumericType, after: NumericType): NumericType {
  if (before.kind !== 'int' || after.kind !== 'int') return after;
  const lo = after.lo < before.lo ? LOW_STEPS.find((s) => s <= after.lo) : after.lo;
  const hi = after.hi > before.hi ? HIGH_STEPS.find((s) => s >= after.hi) : after.hi;
  return lo === undefined || hi === undefined ? DOUBLE : intRange(lo, hi, after.negZero);
}

export function formatType(t: NumericType | undefined): string {
  if (t === undefined) return 'never';
  if (t.kind === 'bool') return 'boolean';
  if (t.kind === 'double') return t.mayBeUndefined ? 'double?' : 'double';
  return `int[${t.lo}..${t.hi}]${t.negZero ? '-0' : ''}`;
}
