import type * as acorn from 'acorn';
import { type Context, collect, markAssigned, reject, temporary } from './context.js';
import type { BinaryOp, Expr, Variable } from './ir.js';
import { markCaptured } from './lift.js';
import { isStable, lowerArrayName, lowerExpr, lowerPair, nameOf, unknownName } from './lower_expr.js';

/** Lowers `target op= value`; returns the value of the expression when `used`. */
export function lowerAssignment(cx: Context, node: acorn.AssignmentExpression, used: boolean): Expr | undefined {
  const { left, operator } = node;
  if (operator === '??=') return reject(cx, node, '`??=` cannot be compiled');
  if (operator === '&&=' || operator === '||=') return lowerLogicalAssignment(cx, node, used);
  const binary = operator === '=' ? undefined : (operator.slice(0, -1) as BinaryOp);
  if (left.type === 'Identifier') {
    const variable = lowerTarget(cx, left);
    let value: Expr;
    if (binary === undefined) {
      value = lowerExpr(cx, node.right);
    } else {
      const [a, b] = lowerPair(
        cx,
        () => lowerExpr(cx, left),
        () => lowerExpr(cx, node.right),
      );
      value = { op: 'binary', kind: binary, a, b };
    }
    return assignVariable(cx, variable, value, used);
  }
  if (left.type !== 'MemberExpression')
    return reject(cx, left, `assignment to ${patternName(left)} cannot be compiled`);
  if (!left.computed) return reject(cx, left, 'properties of arrays cannot be assigned');
  const array = lowerArrayName(cx, left.object);
  const property = left.property as acorn.Expression;
  let index: Expr;
  let value: Expr;
  if (binary === undefined) {
    [index, value] = lowerPair(
      cx,
      () => lowerExpr(cx, property),
      () => lowerExpr(cx, node.right),
    );
  } else {
    index = lowerExpr(cx, property);
    const right = collect(cx, () => lowerExpr(cx, node.right));
    let old: Expr = { op: 'load', array, index };
    if (right.list.length > 0) {
      if (!isStable(index)) index = temporary(cx, index);
      old = temporary(cx, { op: 'load', array, index });
      cx.out.push(...right.list);
    }
    value = { op: 'binary', kind: binary, a: old, b: right.value };
  }
  if (used && !isStable(value)) value = temporary(cx, value);
  cx.out.push({ op: 'store', array, index, value });
  return used ? value : undefined;
}

/** Lowers `++x`, `x--`, `a[i]++` and so on. */
export function lowerUpdate(cx: Context, node: acorn.UpdateExpression, used: boolean): Expr | undefined {
  const { argument } = node;
  const kind = node.operator === '++' ? '+' : '-';
  const one: Expr = { op: 'number', value: 1 };
  if (argument.type === 'Identifier') {
    const variable = lowerTarget(cx, argument);
    const current = lowerExpr(cx, argument);
    if (used && !node.prefix) {
      const old = temporary(cx, { op: 'number-of', a: current });
      assignVariable(cx, variable, { op: 'binary', kind, a: current, b: one }, false);
      return old;
    }
    return assignVariable(cx, variable, { op: 'binary', kind, a: { op: 'number-of', a: current }, b: one }, used);
  }
  if (argument.type !== 'MemberExpression' || !argument.computed) {
    return reject(cx, argument, `${nameOf(argument)} cannot be counted up or down`);
  }
  const array = lowerArrayName(cx, argument.object);
  const index = lowerExpr(cx, argument.property as acorn.Expression);
  const load: Expr = { op: 'load', array, index };
  const old: Expr = used ? temporary(cx, { op: 'number-of', a: load }) : { op: 'number-of', a: load };
  let value: Expr = { op: 'binary', kind, a: old, b: one };
  if (used && node.prefix) value = temporary(cx, value);
  cx.out.push({ op: 'store', array, index, value });
  return used ? (node.prefix ? value : old) : undefined;
}

function lowerLogicalAssignment(cx: Context, node: acorn.AssignmentExpression, used: boolean): Expr | undefined {
  const { left } = node;
  if (left.type !== 'Identifier') return reject(cx, node, `\`${node.operator}\` on an element cannot be compiled`);
  const variable = lowerTarget(cx, left);
  const test = lowerExpr(cx, left);
  const before = cx.assigned;
  cx.assigned = before && new Set(before);
  const { list } = collect(cx, () => assignVariable(cx, variable, lowerExpr(cx, node.right), false));
  cx.assigned = before;
  const isAnd = node.operator === '&&=';
  cx.out.push({ op: 'if', test, consequent: isAnd ? list : [], alternate: isAnd ? [] : list });
  return used ? { op: 'var', variable } : undefined;
}

/** Appends an assignment to a variable and gives its value back. */
export function assignVariable(cx: Context, variable: Variable, value: Expr, used: boolean): Expr | undefined {
  cx.out.push({ op: 'assign', variable, value });
  markAssigned(cx, variable);
  return used ? { op: 'var', variable } : undefined;
}

/** The variable that a name on the left of an assignment means. */
export function lowerTarget(cx: Context, node: acorn.Identifier): Variable {
  const binding = cx.scope.find(node.name);
  if (binding === undefined) return reject(cx, node, unknownName(node.name));
  if (binding.kind === 'constant')
    return reject(cx, node, `\`${node.name}\` comes from \`env\` and cannot be assigned`);
  if (binding.kind === 'pending') return reject(cx, node, `\`${node.name}\` is used before its declaration`);
  if (binding.kind !== 'variable')
    return reject(cx, node, `\`${node.name}\` is not a number here and cannot be assigned`);
  if (!binding.ready) return reject(cx, node, `\`${node.name}\` is used before its declaration`);
  if (!binding.writable) return reject(cx, node, `\`${node.name}\` is a constant and cannot be assigned`);
  if (binding.variable.owner !== cx.fn) markCaptured(binding.variable, true);
  return binding.variable;
}

function patternName(node: acorn.Pattern): string {
  return node.type === 'ArrayPattern' || node.type === 'ObjectPattern' ? 'a destructuring pattern' : nameOf(node);
}
