import { type Argument, type Expr, type IRFunction, type Loop, newVariable, type Stmt, type Variable } from './ir.js';
import type { Poly } from './poly.js';
import type { Counter } from './region.js';

/**
 * Copies statements for the fast version of a loop nest: loops with counters become `counted`, proved accesses carry
 * their proof, and variables of the nest become new ones, so that inference can give them better types.
 */
export function cloneBody(
  fn: IRFunction,
  list: readonly Stmt[],
  counters: ReadonlyMap<Loop, Counter>,
  proofs: ReadonlyMap<object, Poly>,
): Stmt[] {
  const renamed = new Map<Variable, Variable>();
  const name = (v: Variable): Variable => renamed.get(v) ?? v;

  const declare = (v: Variable): Variable => {
    if (v.captured || v.owner !== fn) return v;
    const copy = newVariable(fn, v.name);
    copy.constant = v.constant;
    copy.maybeUnassigned = v.maybeUnassigned;
    renamed.set(v, copy);
    return copy;
  };

  const argument = (a: Argument): Argument => (a.op === 'array' ? a : expr(a));

  const expr = (e: Expr): Expr => {
    switch (e.op) {
      case 'number':
      case 'boolean':
      case 'length':
        return e;
      case 'var':
        return { op: 'var', variable: name(e.variable) };
      case 'load': {
        const proof = proofs.get(e) ?? e.proof;
        const index = expr(e.index);
        return proof === undefined
          ? { op: 'load', array: e.array, index }
          : { op: 'load', array: e.array, index, proof };
      }
      case 'negate':
      case 'number-of':
      case 'bitnot':
      case 'not':
        return { ...e, a: expr(e.a) };
      case 'select':
        return { ...e, test: expr(e.test), a: expr(e.a), b: expr(e.b) };
      case 'math':
        return { ...e, args: e.args.map(expr) };
      case 'call':
        return { ...e, args: e.args.map(argument) };
      default:
        return { ...e, a: expr(e.a), b: expr(e.b) };
    }
  };

  const block = (stmts: readonly Stmt[]): Stmt[] => stmts.map(stmt);

  const stmt = (s: Stmt): Stmt => {
    switch (s.op) {
      case 'declare': {
        const value = s.value && expr(s.value);
        const variable = declare(s.variable);
        if (variable.constant) variable.definition = value;
        return { op: 'declare', variable, value };
      }
      case 'assign':
        return { op: 'assign', variable: name(s.variable), value: expr(s.value) };
      case 'store': {
        const { op, array } = s;
        const proof = proofs.get(s) ?? s.proof;
        const [index, value] = [expr(s.index), expr(s.value)];
        return proof === undefined ? { op, array, index, value } : { op, array, index, value, proof };
      }
      case 'if':
        return { op: 'if', test: expr(s.test), consequent: block(s.consequent), alternate: block(s.alternate) };
      case 'block':
        return { op: 'block', body: block(s.body) };
      case 'break':
      case 'continue':
        return s;
      case 'return':
        return { op: 'return', value: s.value && expr(s.value) };
      case 'call': {
        const args = s.args.map(argument);
        return { op: 'call', fn: s.fn, args, result: s.result && declare(s.result) };
      }
      case 'loop':
        return loop(s);
      case 'counted':
        // Its range belongs to a nest around this one; the counter may stay the same variable.
        return { ...s, body: block(s.body), exposes: s.exposes && name(s.exposes) };
      case 'version':
        throw new Error('a loop nest is versioned from outside in');
    }
  };

  const loop = (s: Loop): Stmt => {
    const counted = counters.get(s);
    if (counted === undefined) {
      const before = block(s.before);
      const test = expr(s.test);
      const inits = new Map([...s.inits].map(([v, e]) => [name(v), expr(e)] as const));
      const scoped = new Set([...s.scoped].map(name));
      return { ...s, before, test, body: block(s.body), update: block(s.update), inits, scoped };
    }
    const { variable, counter, range } = counted;
    const outer = name(variable);
    renamed.set(variable, counter);
    const body = block(s.body);
    renamed.set(variable, outer);
    // A nested function that reads the variable finds it where it always was.
    if (variable.captured) body.unshift({ op: 'assign', variable: outer, value: { op: 'var', variable: counter } });
    const exposes = s.scoped.has(variable) ? undefined : outer;
    return { op: 'counted', counter, range, body, exposes, simd: false, position: s.position };
  };

  return block(list);
}
