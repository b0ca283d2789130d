import type * as acorn from 'acorn';
import type { Acquired } from './acquire.js';
import { acquire } from './acquire.js';
import { type ArgumentClass, isElementKind } from './bind.js';
import { type Context, ProgramBuilder, positionIn, reject } from './context.js';
import { Rejection } from './diagnostics.js';
import type { IRFunction, Program } from './ir.js';
import { finish, finishFunction } from './lift.js';
import { lowerExpr } from './lower_expr.js';
import { declareHoisted, lowerStatements } from './lower_stmt.js';
import { type LocalFunction, Scope } from './scope.js';

/** Names that a kernel may use although they stand outside it: numbers, booleans, and functions that can be compiled. */
export type Environment = Readonly<Record<string, unknown>>;

/**
 * Builds the model of a function for one list of argument classes.
 *
 * @throws Rejection (phase `model`) at the first construct that cannot be compiled.
 */
export function lowerProgram(source: Acquired, classes: readonly ArgumentClass[], env: Environment): Program {
  const program = new ProgramBuilder();
  const scope = environmentScope(env);
  const local: LocalFunction = { ...source, helper: undefined, scope, instances: new Map() };
  const kinds = classes.map((cls) => (isElementKind(cls) ? cls : 's'));
  const entry = lowerFunction(program, local, kinds, new Set());
  return finish(entry, program.functions);
}

/** The scope around a kernel: what `env` gives it. */
export function environmentScope(env: Environment): Scope {
  const scope = new Scope(undefined);
  for (const [name, value] of Object.entries(env)) {
    if (typeof value === 'number' || typeof value === 'boolean') {
      scope.declare(name, { kind: 'constant', value });
    } else if (typeof value === 'function') {
      const plain = (value as { plain?: unknown }).plain;
      const helper = acquireHelper(
        name,
        (typeof plain === 'function' ? plain : value) as (...args: never[]) => unknown,
      );
      const local: LocalFunction = { ...helper, name, helper: name, scope, instances: new Map() };
      scope.declare(name, { kind: 'function', local, ready: true });
    } else {
      throw new Rejection('model', `\`env.${name}\` is neither a number nor a function; pass arrays as arguments`);
    }
  }
  return scope;
}

function acquireHelper(name: string, fn: (...args: never[]) => unknown): Acquired {
  try {
    return acquire(fn);
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    throw new Rejection('acquire', `${error.message} (in helper \`${name}\`)`, error.position);
  }
}

/**
 * Lowers one instance of a function. `kinds` has an element kind per array parameter, `s` per scalar, `gridN` for grid N.
 *
 * The instance is registered before its body is lowered, so that a call of itself finds it.
 */
export function lowerFunction(
  program: ProgramBuilder,
  local: LocalFunction,
  kinds: readonly string[],
  active: ReadonlySet<LocalFunction>,
): IRFunction {
  const { node } = local;
  const fn = program.fn(local.name);
  const scope = new Scope(local.scope);
  const cx: Context = {
    program,
    fn,
    columnShift: local.columnShift,
    helper: local.helper,
    returnsValue: returnsValue(node),
    scope,
    functionScope: scope,
    out: fn.body,
    assigned: new Set(),
    loops: 0,
    breaks: false,
    active: new Set([...active, local]),
  };
  if (node.async || node.generator) reject(cx, node, `\`${local.name}\` is async or a generator`);
  local.instances.set(kinds.join(','), fn);
  if (cx.returnsValue) fn.result = program.variable(fn, 'result');
  node.params.forEach((param, k) => {
    if (param.type !== 'Identifier') reject(cx, param, `a parameter of \`${local.name}\` is not a plain name`);
    const kind = kinds[k] as string;
    if (kind === 's') {
      const variable = program.variable(fn, param.name);
      scope.declare(param.name, { kind: 'variable', variable, writable: true, ready: true });
      cx.assigned?.add(variable);
      fn.params.push({ kind: 'scalar', variable });
    } else if (kind.startsWith('grid')) {
      scope.declare(param.name, { kind: 'grid', grid: Number(kind.slice(4)), owner: fn });
    } else {
      const array = program.array(fn, param.name, kind as never);
      scope.declare(param.name, { kind: 'array', array, ready: true });
      fn.params.push({ kind: 'array', array });
    }
  });
  lowerBody(cx, node);
  program.functions.push(fn);
  finishFunction(fn);
  return fn;
}

/** Lowers the body of a function into `cx.out`, and sees to it that a function with a value always returns one. */
export function lowerBody(cx: Context, node: acorn.Function): void {
  if (node.body.type !== 'BlockStatement') {
    cx.out.push({ op: 'return', value: lowerExpr(cx, node.body) });
    return;
  }
  declareHoisted(cx, node.body.body, true);
  lowerStatements(cx, node.body.body);
  if (cx.returnsValue && cx.assigned !== undefined) {
    const { line } = positionIn(cx, node);
    reject(cx, node, `the function that starts on line ${line} returns a value on some paths and nothing on others`);
  }
}

/** Whether a function has a `return` with a value (nested functions not counted). */
export function returnsValue(node: acorn.Function): boolean {
  if (node.body.type !== 'BlockStatement') return true;
  const search = (n: unknown): boolean => {
    if (Array.isArray(n)) return n.some(search);
    if (typeof n !== 'object' || n === null || typeof (n as acorn.AnyNode).type !== 'string') return false;
    const { type } = n as acorn.AnyNode;
    if (type === 'FunctionDeclaration' || type === 'FunctionExpression' || type === 'ArrowFunctionExpression')
      return false;
    if (type === 'ReturnStatement') return (n as acorn.ReturnStatement).argument != null;
    return Object.values(n).some(search);
  };
  return search(node.body.body);
}
