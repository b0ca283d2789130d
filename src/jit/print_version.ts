import type { ArrayRef, BoundsCheck, Range, Variable, Version } from './ir.js';
import { type Poly, polyKey, splitConstant, type Term } from './poly.js';
import { C_TYPES } from './prelude.js';
import type { ExprPrinter } from './print_expr.js';
import { typeOf } from './type_of.js';
import type { Writer } from './writer.js';

/** The C variable of each range that was evaluated before a loop nest. */
export type RangeNames = Map<Range, string>;

const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  int8_t: 1,
  uint8_t: 1,
  int16_t: 2,
  uint16_t: 2,
  int32_t: 4,
  uint32_t: 4,
  float: 4,
  double: 8,
};

/** Checks of indexes that differ only in a constant: one look at the smallest, and one per array at its largest. */
interface Group {
  readonly check: BoundsCheck;
  readonly rest: Poly;
  least: number;
  largestMagnitude: number;
  readonly most: Map<ArrayRef, number>;
}

/**
 * Prints what is evaluated before a versioned nest and returns the name of the flag that all of it sets.
 *
 * Ranges come first, then invariant bases of indexes, then one bounds check per array and shape of index, then overlap.
 *
 * @param separate name of a flag that says that no two array parameters overlap, so that pairs need no look.
 */
export function printGuard(
  s: Version,
  e: ExprPrinter,
  out: Writer,
  ranges: RangeNames,
  separate: string | undefined,
): string {
  const id = ranges.size + 1;
  const ok = `fast_${id}`;
  const counters = countersOf(s);
  out.line(`/* line ${s.position.line}: everything inside is checked once, here */`);
  out.line(`bool ${ok} = true;`);
  for (const range of s.ranges) {
    const name = `range_${ranges.size + 1}`;
    ranges.set(range, name);
    out.line(
      `const harts_range_t ${name} = ${e.helper('harts_range')}(${e.double(range.start)}, ${stop(range, e)}, ${range.step});`,
    );
    out.line(`${ok} = ${ok} && ${name}.ok;`);
  }
  for (const { variable, value } of s.atoms) {
    const isInt = typeOf(value)?.kind === 'int' && typeOf(value);
    const exact = isInt && isInt.kind === 'int';
    const helper = e.helper(exact ? 'harts_base_int' : 'harts_base');
    out.line(`const int64_t ${e.variable(variable)} = ${helper}(${exact ? e.int(value) : e.double(value)}, &${ok});`);
  }
  const nameOf = (r: Range): string => ranges.get(r) as string;
  for (const group of groupChecks(s.checks)) out.line(`${ok} = ${ok} && ${printCheck(group, e, counters, nameOf)};`);
  const pairs = s.disjoint.map(([a, b]) => {
    const side = (x: ArrayRef): string => `${e.array(x)}, ${e.length(x)} * ${ELEMENT_BYTES[C_TYPES[x.element]]}`;
    return `${e.helper('harts_disjoint')}(${side(a)}, ${side(b)})`;
  });
  if (separate !== undefined && pairs.length > 0) {
    out.braces(`if (${ok} && !${separate})`, () => {
      for (const pair of pairs) out.line(`${ok} = ${ok} && ${pair};`);
    });
  } else {
    for (const pair of pairs) out.line(`${ok} = ${ok} && ${pair};`);
  }
  return ok;
}

/** The first value of the counter that is not reached any more, if the step were 1. */
function stop(range: Range, e: ExprPrinter): string {
  const bound = e.double(range.bound);
  const isInt = typeOf(range.bound)?.kind === 'int';
  const floor = isInt ? bound : `${e.helper('harts_floor')}(${bound})`;
  const ceil = isInt ? bound : `${e.helper('harts_ceil')}(${bound})`;
  switch (range.compare) {
    case '<':
      return ceil;
    case '<=':
      return `${floor} + 1.0`;
    case '>':
      return floor;
    case '>=':
      return `${ceil} - 1.0`;
  }
}

/** Which range each counter of the nest runs over. */
function countersOf(s: Version): Map<Variable, Range> {
  const found = new Map<Variable, Range>();
  const visit = (list: Version['fast']): void => {
    for (const x of list) {
      if (x.op === 'counted') {
        found.set(x.counter, x.range);
        visit(x.body);
      } else if (x.op === 'block') visit(x.body);
      else if (x.op === 'loop') {
        visit(x.body);
      } else if (x.op === 'if') {
        visit(x.consequent);
        visit(x.alternate);
      } else if (x.op === 'version') {
        visit(x.fast);
        visit(x.slow);
      }
    }
  };
  visit(s.fast);
  return found;
}

function groupChecks(checks: readonly BoundsCheck[]): Group[] {
  const groups = new Map<string, Group>();
  for (const check of checks) {
    const index = splitConstant(check.index);
    const magnitude = splitConstant(check.magnitude);
    const within = check.within.map((r) => r.id).join();
    const key = [polyKey(index.rest), polyKey(magnitude.rest), check.wraps, within].join(':');
    let group = groups.get(key);
    if (group === undefined) {
      group = { check, rest: index.rest, least: index.constant, largestMagnitude: 0, most: new Map() };
      groups.set(key, group);
    }
    group.least = Math.min(group.least, index.constant);
    group.largestMagnitude = Math.max(group.largestMagnitude, magnitude.constant);
    group.most.set(check.array, Math.max(group.most.get(check.array) ?? index.constant, index.constant));
  }
  return [...groups.values()];
}

function printCheck(g: Group, e: ExprPrinter, counters: Map<Variable, Range>, nameOf: (r: Range) => string): string {
  const { check, rest } = g;
  const edges = rest.map((t) => termEdges(t, e, counters, nameOf));
  const sum = (texts: string[], constant: number): string => {
    if (constant === 0 && texts.length > 0) return texts.join(' + ');
    return [...texts, constant < 0 ? `(${constant})` : String(constant)].join(' + ');
  };
  const low = edges.map((x) => x.low);
  const high = edges.map((x) => x.high);
  const inside = [`(${sum(low, g.least)} >= 0)`];
  for (const [array, most] of g.most) inside.push(`(${sum(high, most)} < ${e.length(array)})`);
  // `&` instead of `&&`: no branches, and nothing here can go wrong.
  let text = `(${inside.join(' & ')})`;
  if (check.wraps || !isSmall(check.magnitude)) {
    text = `(${magnitudeText(g, e, counters, nameOf)} < 2147483648.0 && ${text})`;
  }
  return `(${[...check.within.map((r) => `${nameOf(r)}.empty`), text].join(' || ')})`;
}

/** Factors are below 2^31 each: such sums stay exact in a double and in an int64 whatever the values are. */
function isSmall(p: Poly): boolean {
  return p.every((t) => t.factors.length <= 1 && Math.abs(t.coefficient) <= 1024);
}

/** The least and the greatest value of a term over the ranges of its counters. */
function termEdges(
  t: Term,
  e: ExprPrinter,
  counters: Map<Variable, Range>,
  nameOf: (r: Range) => string,
): { low: string; high: string } {
  const ranged = t.factors.filter((f) => counters.has(f));
  const fixed = t.factors.filter((f) => !counters.has(f)).map((f) => e.variable(f));
  if (t.coefficient !== 1) fixed.unshift(t.coefficient < 0 ? `(${t.coefficient})` : String(t.coefficient));
  const product = (ends: readonly string[]): string => [...fixed, ...ends].join(' * ');
  if (ranged.length === 0) return { low: product([]), high: product([]) };
  const range = (f: Variable): string => nameOf(counters.get(f) as Range);
  const atoms = t.factors.length > ranged.length;
  if (ranged.length === 1 && !atoms) {
    const name = range(ranged[0] as Variable);
    const [low, high] = t.coefficient > 0 ? ['lo', 'hi'] : ['hi', 'lo'];
    return { low: product([`${name}.${low}`]), high: product([`${name}.${high}`]) };
  }
  let corners: string[][] = [[]];
  for (const f of ranged)
    corners = corners.flatMap((c) => [
      [...c, `${range(f)}.lo`],
      [...c, `${range(f)}.hi`],
    ]);
  const fold = (helper: string): string => corners.map(product).reduce((acc, x) => `${e.helper(helper)}(${acc}, ${x})`);
  return { low: fold('harts_imin'), high: fold('harts_imax') };
}

function magnitudeText(g: Group, e: ExprPrinter, counters: Map<Variable, Range>, nameOf: (r: Range) => string): string {
  const terms = splitConstant(g.check.magnitude).rest.map((t) => {
    const factors = t.factors.map((f) => {
      const range = counters.get(f);
      if (range === undefined) return `(double)${e.helper('harts_iabs')}(${e.variable(f)})`;
      const name = nameOf(range);
      return `(double)${e.helper('harts_imax')}(${e.helper('harts_iabs')}(${name}.lo), ${e.helper('harts_iabs')}(${name}.hi))`;
    });
    return [...(t.coefficient === 1 ? [] : [`${t.coefficient}.0`]), ...factors].join(' * ');
  });
  return [...terms, `${g.largestMagnitude}.0`].join(' + ');
}
