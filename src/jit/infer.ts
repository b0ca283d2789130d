import { Rejection } from './diagnostics.js';
import {
  type Argument,
  type Expr,
  expressionsOf,
  type IRFunction,
  type Program,
  type Range,
  type Variable,
  walkExpr,
  walkStmts,
} from './ir.js';
import { typeOf } from './type_of.js';
import {
  BOOL,
  DOUBLE,
  formatType,
  intRange,
  join,
  type NumericType,
  sameType,
  stored,
  UNDEFINED,
  widen,
} from './types.js';

/** What a variable is given somewhere in the program. */
interface Flow {
  readonly to: Variable;
  readonly from: Expr | (() => NumericType | undefined);
}

/** Checked counters and bases of indexes stay below this; see `BoundsCheck.magnitude`. */
const LIMIT = 2 ** 31;

const ROUNDS_BEFORE_WIDENING = 4;

/**
 * Finds the type of every variable: the least fixpoint of all assignments, over the whole program.
 *
 * @param scalars types of the entry's scalar parameters, in order.
 * @throws Rejection (phase `analyse`) for a variable that holds booleans and numbers, which JS can tell apart.
 */
export function inferTypes(program: Program, scalars: readonly NumericType[]): void {
  const flows: Flow[] = [];
  let scalar = 0;
  for (const p of program.entry.params) {
    if (p.kind === 'scalar') {
      const type = scalars[scalar++] ?? DOUBLE;
      flows.push({ to: p.variable, from: () => type });
    }
  }
  for (const fn of program.functions) collectFlows(fn, flows);
  const changes = new Map<Variable, number>();
  for (let changed = true; changed; ) {
    changed = false;
    for (const { to, from } of flows) {
      if (to.fixedType !== undefined) continue;
      const given = typeof from === 'function' ? from() : flowType(to, from);
      if (given === undefined) continue;
      const before = to.type;
      const after = before === undefined ? stored(given) : join(before, stored(given));
      if (after === undefined) {
        throw new Rejection('analyse', `\`${to.name}\` of \`${to.owner.name}\` holds booleans and numbers`);
      }
      if (sameType(before, after)) continue;
      const times = (changes.get(to) ?? 0) + 1;
      changes.set(to, times);
      to.type = before !== undefined && times > ROUNDS_BEFORE_WIDENING ? widen(before, after) : after;
      changed = true;
    }
  }
  for (const { to } of flows) to.type ??= DOUBLE;
  checkMixtures(program);
}

function collectFlows(fn: IRFunction, flows: Flow[]): void {
  const callFlows = (callee: IRFunction, args: readonly Argument[]): void => {
    args.forEach((arg, k) => {
      const param = callee.params[k];
      if (param?.kind === 'scalar' && arg.op !== 'array') flows.push({ to: param.variable, from: arg });
    });
  };
  const seen = new Set<Variable>();
  const unassigned = (v: Variable): void => {
    if (v.maybeUnassigned && !seen.has(v)) flows.push({ to: v, from: () => UNDEFINED });
    seen.add(v);
  };
  walkStmts(fn.body, (s) => {
    for (const e of expressionsOf(s)) {
      walkExpr(e, (x) => {
        if (x.op === 'call') callFlows(x.fn, x.args);
      });
    }
    if (s.op === 'declare') {
      unassigned(s.variable);
      if (s.value !== undefined) flows.push({ to: s.variable, from: s.value });
    } else if (s.op === 'assign') {
      flows.push({ to: s.variable, from: s.value });
    } else if (s.op === 'return' && s.value !== undefined && fn.result !== undefined) {
      flows.push({ to: fn.result, from: s.value });
    } else if (s.op === 'counted') {
      const { counter, range } = s;
      flows.push({ to: counter, from: () => counterType(range) });
    } else if (s.op === 'call') {
      callFlows(s.fn, s.args);
      if (s.result !== undefined && s.fn.result !== undefined) {
        flows.push({ to: s.result, from: { op: 'var', variable: s.fn.result } });
      }
    }
  });
}

/** The values of a checked counter: inside ±2^31, and never below a start that it counts up from. */
function counterType(range: Range): NumericType {
  const start = typeOf(range.start);
  if (start?.kind !== 'int') return intRange(-LIMIT, LIMIT);
  const lo = range.step > 0 ? Math.max(-LIMIT, Math.min(start.lo, LIMIT)) : -LIMIT;
  const hi = range.step < 0 ? Math.min(LIMIT, Math.max(start.hi, -LIMIT)) : LIMIT;
  return intRange(lo, hi);
}

/**
 * The type of an assigned expression.
 *
 * `v = v + c` with a small integer `c` cannot count past 2^52 within weeks of running, so such counters stay integers.
 */
function flowType(to: Variable, e: Expr): NumericType | undefined {
  const step = stepOf(to, e);
  if (step !== undefined && to.type?.kind === 'int') {
    const { lo, hi } = to.type;
    return step > 0 ? intRange(lo, Math.max(hi, 2 ** 52)) : intRange(Math.min(lo, -(2 ** 52)), hi);
  }
  return typeOf(e);
}

function stepOf(v: Variable, e: Expr): number | undefined {
  if (e.op !== 'binary' || (e.kind !== '+' && e.kind !== '-') || e.b.op !== 'number') return undefined;
  const a = e.a.op === 'number-of' ? e.a.a : e.a;
  if (a.op !== 'var' || a.variable !== v || !Number.isInteger(e.b.value) || Math.abs(e.b.value) > 4) return undefined;
  return e.kind === '+' ? e.b.value : -e.b.value;
}

/** Refuses expressions whose value may be a boolean or a number, and booleans as indexes. */
function checkMixtures(program: Program): void {
  const where = (fn: IRFunction): string => `in \`${fn.name}\``;
  for (const fn of program.functions) {
    const visit = (x: Expr): void => {
      const parts = x.op === 'compare' ? [x.a, x.b] : x.op === 'call' ? x.args : [];
      if (parts.some((p) => p.op !== 'array' && mixes(p))) {
        throw new Rejection('analyse', `a value ${where(fn)} is either a boolean or a number`);
      }
      if (x.op === 'load' && typeOf(x.index)?.kind === 'bool') {
        throw new Rejection('analyse', `an index ${where(fn)} is a boolean`);
      }
    };
    walkStmts(fn.body, (s) => {
      for (const e of expressionsOf(s)) walkExpr(e, visit);
      if (s.op === 'store' && typeOf(s.index)?.kind === 'bool') {
        throw new Rejection('analyse', `an index ${where(fn)} is a boolean`);
      }
      const value = s.op === 'declare' || s.op === 'assign' || s.op === 'return' ? s.value : undefined;
      if (value !== undefined && mixes(value)) {
        throw new Rejection('analyse', `a value ${where(fn)} is either a boolean or a number`);
      }
    });
  }
}

/** Whether `a && b`, `a || b` or `c ? a : b`, taken as a value, joins a boolean and a number. */
function mixes(e: Expr): boolean {
  if (e.op !== 'and' && e.op !== 'or' && e.op !== 'select') return false;
  const a = typeOf(e.a);
  const b = typeOf(e.b);
  return (a !== undefined && b !== undefined && join(a, b) === undefined) || mixes(e.a) || mixes(e.b);
}

/** What the entry returns to JS. */
export function returnKind(program: Program): 'void' | 'number' | 'boolean' {
  const { result } = program.entry;
  if (result === undefined) return 'void';
  return sameType(result.type, BOOL) ? 'boolean' : 'number';
}

/** The types of all named variables, for tests and for people. */
export function describeTypes(program: Program): Record<string, string> {
  const found: Record<string, string> = {};
  const note = (v: Variable): void => {
    found[v.name] = formatType(v.type);
  };
  for (const fn of program.functions) {
    for (const p of fn.params) if (p.kind === 'scalar') note(p.variable);
    walkStmts(fn.body, (s) => {
      if (s.op === 'declare') note(s.variable);
      if (s.op === 'counted') note(s.counter);
    });
  }
  return found;
}
