import type { ElementKind } from './bind.js';
import type { BinaryOp, Expr, MathName } from './ir.js';
import {
  BOOL,
  DOUBLE,
  INT32,
  intRange,
  join,
  type NumericType,
  numeric,
  typeOfNumber,
  UINT32,
  UNDEFINED,
} from './types.js';

/** No typed array is longer. */
const MAX_LENGTH = 2 ** 40;

const ELEMENT_TYPES: Readonly<Record<ElementKind, NumericType>> = {
  i8: intRange(-128, 127),
  u8: intRange(0, 255),
  u8c: intRange(0, 255),
  i16: intRange(-(2 ** 15), 2 ** 15 - 1),
  u16: intRange(0, 2 ** 16 - 1),
  i32: INT32,
  u32: UINT32,
  f32: DOUBLE,
  f64: DOUBLE,
};

/** The type of an expression, given the types of its variables; `undefined` while those are not known yet. */
export function typeOf(e: Expr): NumericType | undefined {
  switch (e.op) {
    case 'number':
      return typeOfNumber(e.value);
    case 'boolean':
      return BOOL;
    case 'var':
      return e.variable.type;
    case 'load':
      // Outside the array there is `undefined`, so only a proven index gives the element's own type.
      return e.proof === undefined ? UNDEFINED : ELEMENT_TYPES[e.array.element];
    case 'length':
      return intRange(0, MAX_LENGTH);
    case 'compare':
    case 'not':
      return BOOL;
    case 'negate':
      return negate(typeOf(e.a));
    case 'number-of':
      return arithmetic(typeOf(e.a));
    case 'bitnot':
      return INT32;
    case 'and':
    case 'or':
      return joined(typeOf(e.a), typeOf(e.b));
    case 'select':
      return joined(typeOf(e.a), typeOf(e.b));
    case 'call':
      return e.fn.result?.type;
    case 'binary':
      return binary(e.kind, arithmetic(typeOf(e.a)), arithmetic(typeOf(e.b)), e);
    case 'math':
      return math(e.fn, e.args);
  }
}

/** A value once arithmetic has looked at it: booleans are 0 and 1, `undefined` is NaN. */
function arithmetic(t: NumericType | undefined): NumericType | undefined {
  if (t === undefined) return undefined;
  return t.kind === 'double' ? DOUBLE : numeric(t);
}

function joined(a: NumericType | undefined, b: NumericType | undefined): NumericType | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  // A mixture is fine as a condition; `checkMixtures` refuses it as a value.
  return join(a, b) ?? join(numeric(a), numeric(b));
}

function negate(t: NumericType | undefined): NumericType | undefined {
  const a = arithmetic(t);
  if (a?.kind !== 'int') return a;
  return intRange(-a.hi || 0, -a.lo || 0, a.lo <= 0 && a.hi >= 0);
}

function binary(
  kind: BinaryOp,
  a: NumericType | undefined,
  b: NumericType | undefined,
  e: Extract<Expr, { op: 'binary' }>,
): NumericType | undefined {
  switch (kind) {
    case '&':
      return masked(e) ?? INT32;
    case '|':
    case '^':
    case '<<':
      return INT32;
    case '>>':
      return INT32;
    case '>>>':
      return UINT32;
    case '/':
    case '**':
      return DOUBLE;
    default:
  }
  if (a === undefined || b === undefined) return undefined;
  if (a.kind !== 'int' || b.kind !== 'int') return DOUBLE;
  switch (kind) {
    case '+':
      return intRange(a.lo + b.lo, a.hi + b.hi, a.negZero && b.negZero);
    case '-':
      return intRange(a.lo - b.hi, a.hi - b.lo, a.negZero && b.lo <= 0 && b.hi >= 0);
    case '*': {
      const corners = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi];
      const zeroA = a.lo <= 0 && a.hi >= 0;
      const zeroB = b.lo <= 0 && b.hi >= 0;
      const negative = (zeroA && b.lo < 0) || (zeroB && a.lo < 0) || a.negZero || b.negZero;
      return intRange(Math.min(...corners) || 0, Math.max(...corners) || 0, negative);
    }
    case '%': {
      if (b.lo <= 0 && b.hi >= 0) return DOUBLE;
      const largest = Math.max(Math.abs(b.lo), Math.abs(b.hi)) - 1;
      const lo = a.lo < 0 ? Math.max(a.lo, -largest) : 0;
      const hi = a.hi > 0 ? Math.min(a.hi, largest) : 0;
      return intRange(lo, hi, a.lo < 0 || a.negZero);
    }
  }
}

/** `x & 255` lies between 0 and 255. */
function masked(e: Extract<Expr, { op: 'binary' }>): NumericType | undefined {
  const mask = e.b.op === 'number' ? e.b.value : e.a.op === 'number' ? e.a.value : -1;
  return Number.isInteger(mask) && mask >= 0 && mask < 2 ** 31 ? intRange(0, mask) : undefined;
}

function math(fn: MathName, args: readonly Expr[]): NumericType | undefined {
  switch (fn) {
    case 'isFinite':
    case 'isInteger':
    case 'isNaN':
      return BOOL;
    case 'imul':
      return INT32;
    case 'clz32':
      return intRange(0, 32);
    default:
  }
  const types = args.map((a) => arithmetic(typeOf(a)));
  if (types.some((t) => t === undefined)) return undefined;
  const [a] = types;
  if (a?.kind !== 'int' || a.negZero) return DOUBLE;
  switch (fn) {
    case 'abs':
      return intRange(a.lo > 0 ? a.lo : a.hi < 0 ? -a.hi : 0, Math.max(Math.abs(a.lo), Math.abs(a.hi)));
    case 'ceil':
    case 'floor':
    case 'round':
    case 'trunc':
      return a;
    case 'max':
    case 'min': {
      let all: { lo: number; hi: number } = a;
      const pick = fn === 'max' ? Math.max : Math.min;
      for (const t of types.slice(1)) {
        if (t?.kind !== 'int' || t.negZero) return DOUBLE;
        all = { lo: pick(all.lo, t.lo), hi: pick(all.hi, t.hi) };
      }
      return intRange(all.lo, all.hi);
    }
    default:
      return DOUBLE;
  }
}
