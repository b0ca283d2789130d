import type { TypedArray } from '../native/load.js';
import type { Argument, ArrayRef, Expr, IRFunction, Program, Stmt, Variable } from './ir.js';

type Value = number | boolean | undefined;
type Jump = { kind: 'break' } | { kind: 'continue' } | { kind: 'return'; value: Value };

/** Where values live while one call of one function is interpreted; nested functions see the frame around them. */
class Frame {
  readonly variables = new Map<Variable, Value>();
  readonly arrays = new Map<ArrayRef, TypedArray>();
  readonly #outer: Frame | undefined;

  constructor(outer: Frame | undefined) {
    this.#outer = outer;
  }

  home(v: Variable): Frame {
    if (this.variables.has(v) || this.#outer === undefined) return this;
    return this.#outer.home(v);
  }

  array(a: ArrayRef): TypedArray {
    return (this.arrays.get(a) ?? this.#outer?.array(a)) as TypedArray;
  }
}

/**
 * Runs the model itself, with JS as the machine: slow, and right by construction.
 *
 * It is the oracle between the front end and the code generator: plain JS against it tests lowering, compiled code
 * against it tests inference, versioning and printing. It runs models before versioning.
 *
 * @param args typed arrays and scalars in parameter order.
 */
export function interpret(program: Program, args: readonly unknown[]): Value {
  return invoke(program.entry, args as (Value | TypedArray)[], undefined);
}

function invoke(fn: IRFunction, args: readonly (Value | TypedArray)[], outer: Frame | undefined): Value {
  const frame = new Frame(outer);
  fn.params.forEach((p, k) => {
    if (p.kind === 'scalar') frame.variables.set(p.variable, args[k] as Value);
    else frame.arrays.set(p.array, args[k] as TypedArray);
  });
  const jump = runList(fn.body, frame);
  return jump?.kind === 'return' ? jump.value : undefined;
}

function runList(list: readonly Stmt[], frame: Frame): Jump | undefined {
  for (const s of list) {
    const jump = run(s, frame);
    if (jump !== undefined) return jump;
  }
  return undefined;
}

function run(s: Stmt, frame: Frame): Jump | undefined {
  switch (s.op) {
    case 'declare':
      frame.variables.set(s.variable, s.value === undefined ? undefined : evaluate(s.value, frame));
      return undefined;
    case 'assign':
      frame.home(s.variable).variables.set(s.variable, evaluate(s.value, frame));
      return undefined;
    case 'store': {
      const index = evaluate(s.index, frame) as number;
      frame.array(s.array)[index] = evaluate(s.value, frame) as number;
      return undefined;
    }
    case 'if':
      return runList(evaluate(s.test, frame) ? s.consequent : s.alternate, frame);
    case 'block':
      return runList(s.body, frame);
    case 'break':
    case 'continue':
      return { kind: s.op };
    case 'return':
      return { kind: 'return', value: s.value === undefined ? undefined : evaluate(s.value, frame) };
    case 'call': {
      const value = call(s.fn, s.args, frame);
      if (s.result !== undefined) frame.variables.set(s.result, value);
      return undefined;
    }
    case 'loop':
      for (let first = true; ; first = false) {
        if (!(first && s.testLast)) {
          runList(s.before, frame);
          if (!evaluate(s.test, frame)) return undefined;
        }
        const jump = runList(s.body, frame);
        if (jump?.kind === 'break') return undefined;
        if (jump?.kind === 'return') return jump;
        runList(s.update, frame);
      }
    case 'counted':
    case 'version':
      throw new Error('the interpreter runs models before versioning');
  }
}

function call(fn: IRFunction, args: readonly Argument[], frame: Frame): Value {
  const values = args.map((a) => (a.op === 'array' ? frame.array(a.array) : evaluate(a, frame)));
  return invoke(fn, values, frame);
}

function evaluate(e: Expr, frame: Frame): Value {
  const num = (x: Expr): number => evaluate(x, frame) as number;
  switch (e.op) {
    case 'number':
    case 'boolean':
      return e.value;
    case 'var':
      return frame.home(e.variable).variables.get(e.variable);
    case 'load':
      return frame.array(e.array)[num(e.index)];
    case 'length':
      return frame.array(e.array).length;
    case 'negate':
      return -num(e.a);
    case 'number-of':
      return +num(e.a);
    case 'bitnot':
      return ~num(e.a);
    case 'not':
      return !evaluate(e.a, frame);
    case 'and':
      return evaluate(e.a, frame) && evaluate(e.b, frame);
    case 'or':
      return evaluate(e.a, frame) || evaluate(e.b, frame);
    case 'select':
      return evaluate(evaluate(e.test, frame) ? e.a : e.b, frame);
    case 'call':
      return call(e.fn, e.args, frame);
    case 'math': {
      const args = e.args.map(num);
      if (e.fn === 'isInteger' || e.fn === 'isFinite' || e.fn === 'isNaN') return Number[e.fn](args[0]);
      return (Math[e.fn] as (...args: number[]) => number)(...args);
    }
    case 'binary':
      return BINARY[e.kind](num(e.a), num(e.b));
    case 'compare':
      return COMPARE[e.kind](num(e.a), num(e.b));
  }
}

type Binary = (a: number, b: number) => number;
const BINARY: Readonly<Record<Extract<Expr, { op: 'binary' }>['kind'], Binary>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '**': (a, b) => a ** b,
  '&': (a, b) => a & b,
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '<<': (a, b) => a << b,
  '>>': (a, b) => a >> b,
  '>>>': (a, b) => a >>> b,
};

type Compare = (a: number, b: number) => boolean;
const COMPARE: Readonly<Record<Extract<Expr, { op: 'compare' }>['kind'], Compare>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '===': (a, b) => a === b,
  '!==': (a, b) => a !== b,
  // biome-ignore lint/suspicious/noDoubleEquals: this is the operator of the user.
  '==': (a, b) => a == b,
  // biome-ignore lint/suspicious/noDoubleEquals: this is the operator of the user.
  '!=': (a, b) => a != b,
};
