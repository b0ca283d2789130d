import type * as acorn from 'acorn';
import { type Context, collect, meet, reject, temporary } from './context.js';
import { type ArrayRef, type BinaryOp, type CompareOp, type Expr, walkExpr } from './ir.js';
import { markCaptured } from './lift.js';
import { lowerAssignment, lowerUpdate } from './lower_assign.js';
import { lowerCall } from './lower_call.js';

const BINARY = new Set(['+', '-', '*', '/', '%', '**', '&', '|', '^', '<<', '>>', '>>>']);
const COMPARE = new Set(['<', '<=', '>', '>=', '===', '!==', '==', '!=']);

const GLOBAL_NUMBERS: Readonly<Record<string, number>> = { Infinity: Number.POSITIVE_INFINITY, NaN: Number.NaN };

/** Lowers an expression whose value is used; its effects are appended to `cx.out` in JS order. */
export function lowerExpr(cx: Context, node: acorn.Expression | acorn.PrivateIdentifier | acorn.Super): Expr {
  switch (node.type) {
    case 'Literal':
      return lowerLiteral(cx, node);
    case 'Identifier':
      return lowerIdentifier(cx, node);
    case 'ParenthesizedExpression':
      return lowerExpr(cx, node.expression);
    case 'UnaryExpression':
      return lowerUnary(cx, node);
    case 'BinaryExpression':
      return lowerBinary(cx, node);
    case 'LogicalExpression':
      return lowerLogical(cx, node);
    case 'ConditionalExpression':
      return lowerConditional(cx, node);
    case 'AssignmentExpression':
      return lowerAssignment(cx, node, true) as Expr;
    case 'UpdateExpression':
      return lowerUpdate(cx, node, true) as Expr;
    case 'MemberExpression':
      return lowerMember(cx, node);
    case 'CallExpression':
      return lowerCall(cx, node, true) as Expr;
    case 'SequenceExpression': {
      for (const part of node.expressions.slice(0, -1)) lowerEffect(cx, part);
      return lowerExpr(cx, node.expressions[node.expressions.length - 1] as acorn.Expression);
    }
    default:
      return reject(cx, node, `${nameOf(node)} cannot be compiled`);
  }
}

/** Lowers an expression for its effects alone. */
export function lowerEffect(cx: Context, node: acorn.Expression): void {
  switch (node.type) {
    case 'AssignmentExpression':
      lowerAssignment(cx, node, false);
      return;
    case 'UpdateExpression':
      lowerUpdate(cx, node, false);
      return;
    case 'CallExpression':
      lowerCall(cx, node, false);
      return;
    case 'SequenceExpression':
      for (const part of node.expressions) lowerEffect(cx, part);
      return;
    case 'ParenthesizedExpression':
      lowerEffect(cx, node.expression);
      return;
    case 'LogicalExpression':
    case 'ConditionalExpression': {
      const test = lowerExpr(cx, node.type === 'LogicalExpression' ? node.left : node.test);
      const before = cx.assigned;
      const branch = (e: acorn.Expression | undefined) => {
        cx.assigned = before && new Set(before);
        const { list } = collect(cx, () => e !== undefined && lowerEffect(cx, e));
        return list;
      };
      if (node.type === 'LogicalExpression' && node.operator === '??') reject(cx, node, '`??` cannot be compiled');
      const isOr = node.type === 'LogicalExpression' && node.operator === '||';
      const first = branch(node.type === 'ConditionalExpression' ? node.consequent : isOr ? undefined : node.right);
      const afterFirst = cx.assigned;
      const second = branch(node.type === 'ConditionalExpression' ? node.alternate : isOr ? node.right : undefined);
      cx.assigned = meet(afterFirst, cx.assigned);
      cx.out.push({ op: 'if', test, consequent: first, alternate: second });
      return;
    }
    default: {
      // Evaluated for nothing; lowering still finds what cannot be compiled.
      const value = lowerExpr(cx, node);
      if (value.op === 'call') temporary(cx, value);
    }
  }
}

/** Lowers two operands, left first; the left value is saved when evaluating the right one changes something. */
export function lowerPair(cx: Context, left: () => Expr, right: () => Expr): [Expr, Expr] {
  const a = left();
  const { list, value: b } = collect(cx, right);
  if (list.length === 0) return [a, b];
  const saved = isStable(a) ? a : temporary(cx, a);
  cx.out.push(...list);
  return [saved, b];
}

/** Whether later statements cannot change the value. */
export function isStable(e: Expr): boolean {
  return e.op === 'number' || e.op === 'boolean' || e.op === 'length' || (e.op === 'var' && e.variable.constant);
}

function lowerLiteral(cx: Context, node: acorn.Literal): Expr {
  if (typeof node.value === 'number') return { op: 'number', value: node.value };
  if (typeof node.value === 'boolean') return { op: 'boolean', value: node.value };
  const what = node.bigint
    ? 'a BigInt'
    : node.regex
      ? 'a regular expression'
      : node.value === null
        ? '`null`'
        : 'a string';
  return reject(cx, node, `${what} cannot be compiled; kernels compute with numbers and booleans`);
}

function lowerIdentifier(cx: Context, node: acorn.Identifier): Expr {
  const binding = cx.scope.find(node.name);
  if (binding === undefined) {
    const value = GLOBAL_NUMBERS[node.name];
    if (value !== undefined) return { op: 'number', value };
    return reject(cx, node, unknownName(node.name));
  }
  switch (binding.kind) {
    case 'constant':
      return typeof binding.value === 'number'
        ? { op: 'number', value: binding.value }
        : { op: 'boolean', value: binding.value };
    case 'variable': {
      if (!binding.ready) return reject(cx, node, `\`${node.name}\` is used before its declaration`);
      const { variable } = binding;
      if (variable.owner !== cx.fn) markCaptured(variable, false);
      else if (cx.assigned !== undefined && !cx.assigned.has(variable)) variable.maybeUnassigned = true;
      return { op: 'var', variable };
    }
    case 'array':
      return reject(cx, node, `the array \`${node.name}\` is used as a value; only its elements and its length can be`);
    case 'function':
      return reject(cx, node, `the function \`${node.name}\` is used as a value; it can only be called`);
    case 'grid':
      return reject(cx, node, `the grid \`${node.name}\` is used as a value; call it with offsets`);
    case 'pending':
      return reject(cx, node, `\`${node.name}\` is used before its declaration`);
  }
}

/** The message for a name that means nothing to the compiler. */
export function unknownName(name: string): string {
  return `the name \`${name}\` comes from outside the function; pass it in \`env\` or as an argument`;
}

function lowerUnary(cx: Context, node: acorn.UnaryExpression): Expr {
  if (node.operator === 'void' || node.operator === 'typeof' || node.operator === 'delete') {
    return reject(cx, node, `\`${node.operator}\` cannot be compiled`);
  }
  const a = lowerExpr(cx, node.argument);
  switch (node.operator) {
    case '-':
      return a.op === 'number' ? { op: 'number', value: -a.value } : { op: 'negate', a };
    case '+':
      return { op: 'number-of', a };
    case '~':
      return { op: 'bitnot', a };
    case '!':
      return { op: 'not', a };
  }
}

function lowerBinary(cx: Context, node: acorn.BinaryExpression): Expr {
  const { operator } = node;
  if (!BINARY.has(operator) && !COMPARE.has(operator)) return reject(cx, node, `\`${operator}\` cannot be compiled`);
  const [a, b] = lowerPair(
    cx,
    () => lowerExpr(cx, node.left),
    () => lowerExpr(cx, node.right),
  );
  if (BINARY.has(operator)) return { op: 'binary', kind: operator as BinaryOp, a, b };
  return { op: 'compare', kind: operator as CompareOp, a, b };
}

function lowerLogical(cx: Context, node: acorn.LogicalExpression): Expr {
  if (node.operator === '??') return reject(cx, node, '`??` cannot be compiled');
  const a = lowerExpr(cx, node.left);
  const before = cx.assigned;
  cx.assigned = before && new Set(before);
  const { list, value: b } = collect(cx, () => lowerExpr(cx, node.right));
  cx.assigned = meet(before, cx.assigned);
  const op = node.operator === '&&' ? 'and' : 'or';
  // A helper may loop for long, or for ever, where JS does not call it: calls stay behind their condition.
  if (list.length === 0 && !containsCall(b)) return { op, a, b };
  const result = cx.program.variable(cx.fn, 't');
  cx.out.push({ op: 'declare', variable: result, value: a });
  const value: Expr = { op: 'var', variable: result };
  const assign = [...list, { op: 'assign', variable: result, value: b } as const];
  cx.out.push({ op: 'if', test: value, consequent: op === 'and' ? assign : [], alternate: op === 'and' ? [] : assign });
  return value;
}

function containsCall(e: Expr): boolean {
  let found = false;
  walkExpr(e, (x) => {
    if (x.op === 'call') found = true;
  });
  return found;
}

function lowerConditional(cx: Context, node: acorn.ConditionalExpression): Expr {
  const test = lowerExpr(cx, node.test);
  const before = cx.assigned;
  cx.assigned = before && new Set(before);
  const first = collect(cx, () => lowerExpr(cx, node.consequent));
  const afterFirst = cx.assigned;
  cx.assigned = before && new Set(before);
  const second = collect(cx, () => lowerExpr(cx, node.alternate));
  cx.assigned = meet(afterFirst, cx.assigned);
  if (first.list.length === 0 && second.list.length === 0) {
    return { op: 'select', test, a: first.value, b: second.value };
  }
  const result = cx.program.variable(cx.fn, 't');
  cx.out.push({ op: 'declare', variable: result, value: undefined });
  cx.out.push({
    op: 'if',
    test,
    consequent: [...first.list, { op: 'assign', variable: result, value: first.value }],
    alternate: [...second.list, { op: 'assign', variable: result, value: second.value }],
  });
  return { op: 'var', variable: result };
}

const NUMBER_CONSTANTS: Readonly<Record<string, number>> = {
  EPSILON: Number.EPSILON,
  MAX_SAFE_INTEGER: Number.MAX_SAFE_INTEGER,
  MAX_VALUE: Number.MAX_VALUE,
  MIN_SAFE_INTEGER: Number.MIN_SAFE_INTEGER,
  MIN_VALUE: Number.MIN_VALUE,
  NEGATIVE_INFINITY: Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
  POSITIVE_INFINITY: Number.POSITIVE_INFINITY,
};

const MATH_CONSTANTS: Readonly<Record<string, number>> = {
  E: Math.E,
  LN10: Math.LN10,
  LN2: Math.LN2,
  LOG10E: Math.LOG10E,
  LOG2E: Math.LOG2E,
  PI: Math.PI,
  SQRT1_2: Math.SQRT1_2,
  SQRT2: Math.SQRT2,
};

function lowerMember(cx: Context, node: acorn.MemberExpression): Expr {
  if (node.optional) return reject(cx, node, 'optional chaining cannot be compiled');
  if (!node.computed && node.object.type === 'Identifier' && node.property.type === 'Identifier') {
    const { name } = node.object;
    const member = node.property.name;
    if (cx.scope.find(name) === undefined && (name === 'Math' || name === 'Number')) {
      const table = name === 'Math' ? MATH_CONSTANTS : NUMBER_CONSTANTS;
      if (Object.hasOwn(table, member)) return { op: 'number', value: table[member] as number };
      return reject(cx, node, `\`${name}.${member}\` is not a constant that can be compiled`);
    }
  }
  const array = lowerArrayName(cx, node.object);
  if (!node.computed) {
    if (node.property.type === 'Identifier' && node.property.name === 'length') return { op: 'length', array };
    const name = node.property.type === 'Identifier' ? node.property.name : '?';
    return reject(
      cx,
      node.property,
      `the property \`${name}\` cannot be compiled; arrays have elements and \`length\``,
    );
  }
  return { op: 'load', array, index: lowerExpr(cx, node.property) };
}

/** The array that an expression names; only names (and constants that alias them) do. */
export function lowerArrayName(cx: Context, node: acorn.Expression | acorn.Super): ArrayRef {
  if (node.type !== 'Identifier') return reject(cx, node, `${nameOf(node)} is not an array that the compiler knows`);
  const binding = cx.scope.find(node.name);
  if (binding === undefined) return reject(cx, node, unknownName(node.name));
  if (binding.kind === 'pending') return reject(cx, node, `\`${node.name}\` is used before its declaration`);
  if (binding.kind !== 'array') return reject(cx, node, `\`${node.name}\` is not a typed array here`);
  return binding.array;
}

const NAMES: Readonly<Record<string, string>> = {
  ArrayExpression: 'an array literal',
  ArrowFunctionExpression: 'a function value',
  AwaitExpression: '`await`',
  ClassExpression: 'a class',
  FunctionExpression: 'a function value',
  ImportExpression: '`import()`',
  MetaProperty: '`import.meta` or `new.target`',
  NewExpression: '`new`',
  ObjectExpression: 'an object literal',
  TaggedTemplateExpression: 'a template string',
  TemplateLiteral: 'a template string',
  ThisExpression: '`this`',
  YieldExpression: '`yield`',
  ChainExpression: 'optional chaining',
};

/** What to call a piece of syntax in a message. */
export function nameOf(node: acorn.AnyNode): string {
  return NAMES[node.type] ?? `\`${node.type}\``;
}
