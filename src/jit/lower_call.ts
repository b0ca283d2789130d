import type * as acorn from 'acorn';
import { type Context, collect, positionIn, reject, temporary } from './context.js';
import type { Argument, Expr, IRFunction, MathName } from './ir.js';
import { lowerFunction, returnsValue } from './lower.js';
import { isStable, lowerExpr, nameOf, unknownName } from './lower_expr.js';
import type { Binding, LocalFunction } from './scope.js';

/** How many arguments each supported function of `Math` takes; `max`, `min` and `hypot` take any number. */
const MATH_ARITY: Readonly<Record<MathName, number>> = {
  abs: 1,
  acos: 1,
  acosh: 1,
  asin: 1,
  asinh: 1,
  atan: 1,
  atan2: 2,
  atanh: 1,
  cbrt: 1,
  ceil: 1,
  clz32: 1,
  cos: 1,
  cosh: 1,
  exp: 1,
  expm1: 1,
  floor: 1,
  fround: 1,
  hypot: -1,
  imul: 2,
  isFinite: 1,
  isInteger: 1,
  isNaN: 1,
  log: 1,
  log10: 1,
  log1p: 1,
  log2: 1,
  max: -1,
  min: -1,
  pow: 2,
  round: 1,
  sign: 1,
  sin: 1,
  sinh: 1,
  sqrt: 1,
  tan: 1,
  tanh: 1,
  trunc: 1,
};

const NUMBER_TESTS: readonly string[] = ['isFinite', 'isInteger', 'isNaN'];

/** Lowers a call: of `Math`, of `Number`'s tests, of a helper, or (in stencils) of a grid. */
export function lowerCall(cx: Context, node: acorn.CallExpression, used: boolean): Expr | undefined {
  const { callee } = node;
  if (node.optional) return reject(cx, node, 'optional chaining cannot be compiled');
  for (const arg of node.arguments) {
    if (arg.type === 'SpreadElement') reject(cx, arg, 'spread arguments cannot be compiled');
  }
  const args = node.arguments as acorn.Expression[];
  if (callee.type === 'MemberExpression') return lowerMethodCall(cx, node, callee, args);
  if (callee.type !== 'Identifier') return reject(cx, callee, `a call of ${nameOf(callee)} cannot be compiled`);
  const binding = cx.scope.find(callee.name);
  if (binding === undefined) {
    if (callee.name === 'isNaN' || callee.name === 'isFinite') {
      const test = lowerMath(cx, node, callee.name, args) as Extract<Expr, { op: 'math' }>;
      return { ...test, args: test.args.map((a) => ({ op: 'number-of', a })) };
    }
    if (callee.name === 'Number' && args.length === 1)
      return { op: 'number-of', a: lowerExpr(cx, args[0] as acorn.Expression) };
    return reject(cx, callee, unknownName(callee.name));
  }
  if (binding.kind === 'grid') return lowerGridAccess(cx, node, binding, args);
  if (binding.kind === 'pending' || (binding.kind === 'function' && !binding.ready)) {
    return reject(cx, callee, `\`${callee.name}\` is used before its declaration`);
  }
  if (binding.kind !== 'function') return reject(cx, callee, `\`${callee.name}\` is not a function here`);
  return lowerHelperCall(cx, node, binding.local, args, used);
}

function lowerMethodCall(
  cx: Context,
  node: acorn.CallExpression,
  callee: acorn.MemberExpression,
  args: acorn.Expression[],
): Expr {
  const object = callee.object.type === 'Identifier' ? callee.object.name : undefined;
  const name = !callee.computed && callee.property.type === 'Identifier' ? callee.property.name : undefined;
  if (object === undefined || name === undefined) return reject(cx, callee, 'calls of methods cannot be compiled');
  if (cx.scope.find(object) !== undefined) {
    return reject(cx, callee, `the method \`${object}.${name}\` cannot be compiled`);
  }
  if (object === 'Math' && Object.hasOwn(MATH_ARITY, name) && !NUMBER_TESTS.includes(name)) {
    return lowerMath(cx, node, name as MathName, args);
  }
  if (object === 'Number' && NUMBER_TESTS.includes(name)) return lowerMath(cx, node, name as MathName, args);
  if (object === 'Math' || object === 'Number') return reject(cx, callee, `\`${object}.${name}\` cannot be compiled`);
  return reject(cx, callee, unknownName(object));
}

function lowerMath(cx: Context, node: acorn.CallExpression, fn: MathName, args: acorn.Expression[]): Expr {
  const arity = MATH_ARITY[fn];
  if (arity >= 0 && args.length !== arity) {
    return reject(cx, node, `\`${fn}\` takes ${arity} argument${arity === 1 ? '' : 's'}, not ${args.length}`);
  }
  return {
    op: 'math',
    fn,
    args: lowerArguments(
      cx,
      args.map((arg) => () => lowerExpr(cx, arg)),
    ) as Expr[],
  };
}

/** Lowers several operands left to right; values are saved when a later operand changes something. */
function lowerArguments(cx: Context, makers: readonly (() => Argument)[]): Argument[] {
  const done: Argument[] = [];
  for (const make of makers) {
    const { list, value } = collect(cx, make);
    if (list.length > 0) {
      for (let k = 0; k < done.length; k++) {
        const earlier = done[k] as Argument;
        if (earlier.op !== 'array' && !isStable(earlier)) done[k] = temporary(cx, earlier);
      }
      cx.out.push(...list);
    }
    done.push(value);
  }
  return done;
}

function lowerHelperCall(
  cx: Context,
  node: acorn.CallExpression,
  local: LocalFunction,
  args: acorn.Expression[],
  used: boolean,
): Expr | undefined {
  const expected = local.node.params.length;
  if (args.length < expected) {
    return reject(cx, node, `\`${local.name}\` is called with ${args.length} of its ${expected} arguments`);
  }
  const hasResult = returnsValue(local.node);
  if (used && !hasResult) return reject(cx, node, `\`${local.name}\` returns nothing, but its value is used`);
  const lowered = lowerArguments(
    cx,
    args.map((arg) => () => lowerArgument(cx, arg)),
  );
  for (const extra of lowered.slice(expected)) if (extra.op === 'call') temporary(cx, extra);
  const actual = lowered.slice(0, expected);
  const fn = instanceOf(cx, node, local, actual);
  if (fn.pure && hasResult) return { op: 'call', fn, args: actual };
  if (!hasResult || !used) {
    cx.out.push({ op: 'call', fn, args: actual, result: undefined });
    return undefined;
  }
  const result = cx.program.variable(cx.fn, 't');
  result.constant = true;
  cx.out.push({ op: 'call', fn, args: actual, result });
  return { op: 'var', variable: result };
}

function lowerArgument(cx: Context, node: acorn.Expression): Argument {
  if (node.type === 'Identifier') {
    const binding = cx.scope.find(node.name);
    if (binding?.kind === 'array') return { op: 'array', array: binding.array };
  }
  return lowerExpr(cx, node);
}

/** The instance of a helper for these kinds of arguments; lowered at its first call. */
function instanceOf(cx: Context, node: acorn.AnyNode, local: LocalFunction, args: readonly Argument[]): IRFunction {
  const signature = args.map((a) => (a.op === 'array' ? a.array.element : 's')).join(',');
  const known = local.instances.get(signature);
  if (known !== undefined) {
    if (cx.active.has(local)) known.recursive = true;
    return known;
  }
  if (local.instances.size >= 16)
    return reject(cx, node, `\`${local.name}\` is called with too many kinds of arguments`);
  return lowerFunction(cx.program, local, signature.split(','), cx.active);
}

type GridBinding = Extract<Binding, { kind: 'grid' }>;

function lowerGridAccess(cx: Context, node: acorn.CallExpression, grid: GridBinding, args: acorn.Expression[]): Expr {
  const offsets = args.map((arg) => {
    const { list, value } = collect(cx, () => lowerExpr(cx, arg));
    const offset = list.length === 0 ? constantOf(value) : undefined;
    if (offset === undefined || !Number.isInteger(offset)) {
      return reject(cx, arg, 'an offset of a grid must be an integer constant');
    }
    return offset === 0 ? 0 : offset;
  });
  const access = cx.program.gridAccess;
  if (access === undefined) return reject(cx, node, 'grids can only be read inside a stencil');
  return access(grid.owner, cx.fn, grid.grid, offsets, positionIn(cx, node));
}

/** The value of an expression made of numbers alone. */
function constantOf(e: Expr): number | undefined {
  if (e.op === 'number') return e.value;
  if (e.op === 'negate' || e.op === 'number-of') {
    const a = constantOf(e.a);
    return a === undefined ? undefined : e.op === 'negate' ? -a : a;
  }
  if (e.op !== 'binary') return undefined;
  const a = constantOf(e.a);
  const b = constantOf(e.b);
  if (a === undefined || b === undefined) return undefined;
  return e.kind === '+' ? a + b : e.kind === '-' ? a - b : e.kind === '*' ? a * b : undefined;
}
