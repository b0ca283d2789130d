import type { Variable } from './ir.js';

/** `coefficient * factors[0] * factors[1] ...`; factors are int64 variables, ordered by id. */
export interface Term {
  readonly coefficient: number;
  readonly factors: readonly Variable[];
}

/**
 * A polynomial with integer coefficients over int64 variables: what a checked index is made of.
 *
 * The form is normal (no two terms with the same factors, none with coefficient 0), so that `i + base - base` is `i`.
 */
export type Poly = readonly Term[];

/** Larger polynomials are not worth a check before a loop. */
const MAX_TERMS = 16;
const MAX_DEGREE = 4;

export function polyConstant(value: number): Poly {
  return value === 0 ? [] : [{ coefficient: value, factors: [] }];
}

export function polyVariable(variable: Variable): Poly {
  return [{ coefficient: 1, factors: [variable] }];
}

export function polyAdd(a: Poly, b: Poly, sign: 1 | -1 = 1): Poly | undefined {
  const terms = new Map<string, Term>();
  const put = (t: Term, factor: number): void => {
    const key = factorsKey(t);
    const coefficient = (terms.get(key)?.coefficient ?? 0) + factor * t.coefficient;
    terms.set(key, { coefficient, factors: t.factors });
  };
  for (const t of a) put(t, 1);
  for (const t of b) put(t, sign);
  return bounded([...terms.values()].filter((t) => t.coefficient !== 0));
}

export function polyMultiply(a: Poly, b: Poly): Poly | undefined {
  let sum: Poly | undefined = [];
  for (const s of a) {
    for (const t of b) {
      const factors = [...s.factors, ...t.factors].sort((x, y) => x.id - y.id);
      sum = sum && polyAdd(sum, [{ coefficient: s.coefficient * t.coefficient, factors }]);
    }
  }
  return sum;
}

function bounded(p: Poly): Poly | undefined {
  const fits = p.every((t) => t.factors.length <= MAX_DEGREE && Math.abs(t.coefficient) <= 2 ** 31);
  return fits && p.length <= MAX_TERMS ? p : undefined;
}

function factorsKey(t: Term): string {
  return t.factors.map((f) => f.id).join('*');
}

/** The same text for equal polynomials. */
export function polyKey(p: Poly): string {
  return p
    .map((t) => `${t.coefficient}*${factorsKey(t)}`)
    .sort()
    .join('+');
}

/** Splits off the term without factors. */
export function splitConstant(p: Poly): { rest: Poly; constant: number } {
  const constant = p.find((t) => t.factors.length === 0)?.coefficient ?? 0;
  return { rest: p.filter((t) => t.factors.length > 0), constant };
}

/**
 * Splits `p` into `slope * v + rest`, if its slope in `v` is a number.
 *
 * @returns `undefined` when `v` stands in a product with other variables or with itself.
 */
export function slopeIn(p: Poly, v: Variable): { slope: number; rest: Poly } | undefined {
  let slope = 0;
  for (const t of p) {
    if (!t.factors.includes(v)) continue;
    if (t.factors.length > 1) return undefined;
    slope = t.coefficient;
  }
  return { slope, rest: p.filter((t) => !t.factors.includes(v)) };
}
