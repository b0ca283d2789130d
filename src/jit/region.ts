import { exprKey } from './expr_key.js';
import {
  type Argument,
  type ArrayRef,
  type Atom,
  type BoundsCheck,
  type Counted,
  type Expr,
  freshId,
  type IRFunction,
  type Loop,
  newVariable,
  type Range,
  type Stmt,
  type Variable,
  walkExpr,
  walkStmts,
} from './ir.js';
import { type Poly, polyAdd, polyConstant, polyKey, polyMultiply, polyVariable } from './poly.js';
import { INDEX_INT } from './types.js';

/** A loop of a nest whose range is known before the nest: its integer counter and what it runs over. */
export interface Counter {
  readonly variable: Variable;
  readonly counter: Variable;
  readonly range: Range;
}

/** What an index is: a polynomial, and the sum of the magnitudes it is computed from. */
interface Affine {
  readonly value: Poly;
  readonly magnitude: Poly;
  readonly wraps: boolean;
}

/** Expressions larger than this are not evaluated twice. */
const MAX_EXPANSION = 64;

/**
 * A loop nest, seen from the point before it: what is invariant there, which loops have known ranges, and which
 * accesses can be checked once for all their iterations.
 */
export class Region {
  readonly counters = new Map<Loop, Counter>();
  readonly atoms = new Map<string, Atom>();
  readonly checks = new Map<string, BoundsCheck>();
  /** Proved accesses, by the expression or statement of the original loop. */
  readonly proofs = new Map<object, Poly>();
  /** Arrays read before the nest on behalf of its inside: nothing in the nest may write them. */
  readonly readBefore = new Set<ArrayRef>();
  readonly #fn: IRFunction;
  readonly #assigned = new Set<Variable>();
  readonly #declared = new Set<Variable>();
  readonly stored = new Set<ArrayRef>();
  readonly #byVariable = new Map<Variable, Counter>();

  constructor(fn: IRFunction, root: Loop) {
    this.#fn = fn;
    walkStmts([root], (s) => this.#note(s));
  }

  #note(s: Stmt): void {
    if (s.op === 'declare') this.#declared.add(s.variable);
    else if (s.op === 'assign') this.#assigned.add(s.variable);
    else if (s.op === 'store') this.stored.add(s.array);
    else if (s.op === 'counted') this.#declared.add(s.counter);
    else if (s.op === 'call') {
      if (s.result !== undefined) this.#declared.add(s.result);
      this.#noteCall(s.fn, s.args);
    }
  }

  /** A call with effects may write every array it sees and every variable whose address it gets. */
  #noteCall(fn: IRFunction, args: readonly Argument[]): void {
    for (const arg of args) if (arg.op === 'array') this.stored.add(arg.array);
    for (const array of fn.capturedArrays) this.stored.add(array);
    for (const v of fn.captures) if (v.capturedByReference) this.#assigned.add(v);
  }

  /** Recognises a counting loop whose range can be computed before the nest, and gives it a counter. */
  count(loop: Loop, isRoot: boolean): Counter | undefined {
    const head = countingHead(loop);
    if (head === undefined) return undefined;
    const { variable, compare, step } = head;
    if (variable.owner !== this.#fn || variable.capturedByReference) return undefined;
    let assignments = 0;
    walkStmts([loop], (s) => {
      if (s.op === 'assign' && s.variable === variable) assignments++;
    });
    if (assignments !== 1) return undefined;
    const init = loop.inits.get(variable);
    const start: Expr | undefined = isRoot ? { op: 'var', variable } : init && this.before(init);
    const bound = this.before(head.bound);
    if (start === undefined || bound === undefined) return undefined;
    const counter = newVariable(this.#fn, variable.name);
    const found: Counter = { variable, counter, range: { id: freshId(), start, bound, compare, step } };
    this.counters.set(loop, found);
    this.#byVariable.set(variable, found);
    return found;
  }

  /** A loop inside the nest whose range was checked before a nest around this one. */
  adopt(loop: Counted): Counter {
    const found: Counter = { variable: loop.counter, counter: loop.counter, range: loop.range };
    this.#byVariable.set(loop.counter, found);
    return found;
  }

  /** `e` as it can be evaluated before the nest with the same value, or `undefined`. */
  before(e: Expr): Expr | undefined {
    const reads = new Set<ArrayRef>();
    let size = 0;
    const expand = (x: Expr): Expr | undefined => {
      if (++size > MAX_EXPANSION) return undefined;
      switch (x.op) {
        case 'number':
        case 'boolean':
        case 'length':
          return x;
        case 'var': {
          const v = x.variable;
          if (this.#byVariable.has(v)) return undefined;
          if (this.#declared.has(v)) return v.definition && expand(v.definition);
          return this.#assigned.has(v) ? undefined : x;
        }
        case 'load': {
          if (this.stored.has(x.array)) return undefined;
          reads.add(x.array);
          const index = expand(x.index);
          return index && { op: 'load', array: x.array, index };
        }
        case 'call':
          return undefined;
        case 'negate':
        case 'number-of':
        case 'bitnot':
        case 'not': {
          const a = expand(x.a);
          return a && { ...x, a };
        }
        case 'select': {
          const [test, a, b] = [expand(x.test), expand(x.a), expand(x.b)];
          return test && a && b && { ...x, test, a, b };
        }
        case 'math': {
          const args = x.args.map(expand);
          return args.every((a): a is Expr => a !== undefined) ? { ...x, args } : undefined;
        }
        default: {
          const [a, b] = [expand(x.a), expand(x.b)];
          return a && b && { ...x, a, b };
        }
      }
    };
    const expanded = expand(e);
    if (expanded !== undefined) for (const array of reads) this.readBefore.add(array);
    return expanded;
  }

  /** Proves one access, if its index is a polynomial in counters and invariants. */
  prove(access: object, array: ArrayRef, index: Expr, active: readonly Counter[]): void {
    const affine = this.#affine(index, active, 0);
    if (affine === undefined) return;
    this.proofs.set(access, affine.value);
    const within = active.map((c) => c.range);
    const key = `${array.id}:${polyKey(affine.value)}:${polyKey(affine.magnitude)}:${affine.wraps}:${within.map((r) => r.id).join()}`;
    this.checks.set(key, { array, index: affine.value, magnitude: affine.magnitude, wraps: affine.wraps, within });
  }

  #affine(e: Expr, active: readonly Counter[], depth: number): Affine | undefined {
    if (depth > MAX_EXPANSION) return undefined;
    const inner = (x: Expr): Affine | undefined => this.#affine(x, active, depth + 1);
    const found = this.#composed(e, active, inner);
    return found ?? this.#atom(e);
  }

  #composed(e: Expr, active: readonly Counter[], inner: (x: Expr) => Affine | undefined): Affine | undefined {
    switch (e.op) {
      case 'number': {
        if (!Number.isInteger(e.value) || Math.abs(e.value) >= 2 ** 31) return undefined;
        return { value: polyConstant(e.value), magnitude: polyConstant(Math.abs(e.value)), wraps: false };
      }
      case 'var': {
        const counter = active.find((c) => c.variable === e.variable);
        if (counter !== undefined) return plainVariable(counter.counter);
        return this.#declared.has(e.variable) && e.variable.definition ? inner(e.variable.definition) : undefined;
      }
      case 'number-of':
        return inner(e.a);
      case 'negate': {
        const a = inner(e.a);
        const value = a && polyMultiply(a.value, polyConstant(-1));
        return a && value && { ...a, value };
      }
      case 'binary': {
        // Below 2^31 (the magnitude is checked), `x | 0` and `x >> 0` change no integer.
        if ((e.kind === '|' || e.kind === '>>') && e.b.op === 'number' && e.b.value === 0) {
          const a = inner(e.a);
          return a && { ...a, wraps: true };
        }
        if (e.kind !== '+' && e.kind !== '-' && e.kind !== '*') return undefined;
        const [a, b] = [inner(e.a), inner(e.b)];
        if (a === undefined || b === undefined) return undefined;
        const multiply = e.kind === '*';
        const value = multiply ? polyMultiply(a.value, b.value) : polyAdd(a.value, b.value, e.kind === '-' ? -1 : 1);
        const magnitude = multiply ? polyMultiply(a.magnitude, b.magnitude) : polyAdd(a.magnitude, b.magnitude);
        return value && magnitude && { value, magnitude, wraps: a.wraps || b.wraps };
      }
      default:
        return undefined;
    }
  }

  #atom(e: Expr): Affine | undefined {
    const value = this.before(e);
    if (value === undefined) return undefined;
    const key = exprKey(value);
    let atom = this.atoms.get(key);
    if (atom === undefined) {
      const name =
        value.op === 'var' ? value.variable.name : value.op === 'length' ? `${value.array.name}_length` : 'base';
      atom = { variable: newVariable(this.#fn, name, INDEX_INT), value };
      this.atoms.set(key, atom);
    }
    return plainVariable(atom.variable);
  }

  /** Whether a condition looks at a counter, so that what it guards may be out of range when it is false. */
  watchesCounter(test: Expr, active: readonly Counter[]): boolean {
    let found = false;
    const visit = (x: Expr): void => {
      if (x.op !== 'var' || found) return;
      if (active.some((c) => c.variable === x.variable)) found = true;
      else if (this.#declared.has(x.variable) && x.variable.definition?.op !== 'load' && x.variable.definition) {
        walkExpr(x.variable.definition, visit);
      }
    };
    walkExpr(test, (x) => {
      if (x.op === 'compare') for (const side of [x.a, x.b]) if (side.op !== 'load') walkExpr(side, visit);
    });
    return found;
  }
}

function plainVariable(variable: Variable): Affine {
  return { value: polyVariable(variable), magnitude: polyVariable(variable), wraps: false };
}

interface CountingHead {
  readonly variable: Variable;
  readonly compare: Range['compare'];
  readonly bound: Expr;
  readonly step: number;
}

const MIRRORED = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;

/** The shape `i < bound; i += step` with a constant step in the direction of the comparison. */
function countingHead(loop: Loop): CountingHead | undefined {
  const { test, update } = loop;
  if (loop.testLast || loop.before.length > 0 || test.op !== 'compare' || update.length !== 1) return undefined;
  if (!(test.kind in MIRRORED)) return undefined;
  const kind = test.kind as Range['compare'];
  const last = update[0];
  if (last?.op !== 'assign') return undefined;
  const { variable } = last;
  const isVariable = (e: Expr): boolean => e.op === 'var' && e.variable === variable;
  const leftIsVariable = isVariable(test.a);
  if (!leftIsVariable && !isVariable(test.b)) return undefined;
  const value = last.value;
  if (value.op !== 'binary' || (value.kind !== '+' && value.kind !== '-') || value.b.op !== 'number') return undefined;
  const base = value.a.op === 'number-of' ? value.a.a : value.a;
  const amount = value.b.value;
  if (!isVariable(base) || !Number.isInteger(amount) || amount === 0 || Math.abs(amount) >= 2 ** 20) return undefined;
  const step = value.kind === '+' ? amount : -amount;
  const compare = leftIsVariable ? kind : MIRRORED[kind];
  if (step > 0 !== compare.startsWith('<')) return undefined;
  return { variable, compare, bound: leftIsVariable ? test.b : test.a, step };
}
