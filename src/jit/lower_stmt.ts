import type * as acorn from 'acorn';
import { type Context, collect, markAssigned, meet, positionIn, reject } from './context.js';
import type { Expr, Stmt, Variable } from './ir.js';
import { lowerEffect, lowerExpr, nameOf } from './lower_expr.js';
import { type Binding, Scope } from './scope.js';

type Statement = acorn.Statement | acorn.ModuleDeclaration;
type FunctionNode = acorn.FunctionExpression | acorn.ArrowFunctionExpression | acorn.FunctionDeclaration;

/** Enters the names that a block (or a function body) declares, before any of its statements is lowered. */
export function declareHoisted(cx: Context, statements: readonly Statement[], isFunctionBody: boolean): void {
  if (isFunctionBody) declareVars(cx, statements);
  for (const s of statements) {
    if (s.type === 'FunctionDeclaration' && s.id) {
      cx.scope.declare(s.id.name, functionBinding(cx, s.id.name, s));
    } else if (s.type === 'VariableDeclaration' && s.kind !== 'var') {
      for (const d of s.declarations) {
        if (d.id.type === 'Identifier') cx.scope.declare(d.id.name, { kind: 'pending', writable: false, node: d });
      }
    }
  }
}

/** `var` names belong to the function: declared at its start, whatever block they stand in. */
function declareVars(cx: Context, node: unknown): void {
  if (Array.isArray(node)) {
    for (const n of node) declareVars(cx, n);
    return;
  }
  if (typeof node !== 'object' || node === null || typeof (node as acorn.AnyNode).type !== 'string') return;
  const n = node as acorn.AnyNode;
  if (n.type === 'FunctionDeclaration' || n.type === 'FunctionExpression' || n.type === 'ArrowFunctionExpression')
    return;
  if (n.type === 'VariableDeclaration' && n.kind === 'var') {
    for (const d of n.declarations) {
      if (d.id.type !== 'Identifier') reject(cx, d.id, 'destructuring cannot be compiled');
      if (cx.functionScope.own(d.id.name) !== undefined) continue;
      const variable = cx.program.variable(cx.fn, d.id.name);
      cx.functionScope.declare(d.id.name, { kind: 'variable', variable, writable: true, ready: true });
      cx.out.push({ op: 'declare', variable, value: undefined });
    }
  }
  for (const child of Object.values(n)) declareVars(cx, child);
}

/** Lowers statements one after the other; what follows a jump is still checked, though nothing reaches it. */
export function lowerStatements(cx: Context, statements: readonly Statement[]): void {
  for (const s of statements) lowerStatement(cx, s);
}

function lowerStatement(cx: Context, s: Statement): void {
  switch (s.type) {
    case 'ExpressionStatement':
      if (s.directive === undefined && !isNameMarker(s.expression)) lowerEffect(cx, s.expression);
      return;
    case 'VariableDeclaration':
      lowerDeclaration(cx, s);
      return;
    case 'BlockStatement':
      lowerBlock(cx, s.body);
      return;
    case 'IfStatement':
      lowerIf(cx, s);
      return;
    case 'ForStatement':
      lowerFor(cx, s);
      return;
    case 'WhileStatement':
    case 'DoWhileStatement':
      lowerLoop(cx, s, { test: s.test, update: undefined, body: s.body, testLast: s.type === 'DoWhileStatement' });
      return;
    case 'ReturnStatement':
      if (cx.returnsValue && s.argument == null) {
        reject(cx, s, 'this `return` has no value, but another one in the same function has');
      }
      cx.out.push({ op: 'return', value: s.argument == null ? undefined : lowerExpr(cx, s.argument) });
      cx.assigned = undefined;
      return;
    case 'BreakStatement':
    case 'ContinueStatement':
      if (s.label != null) reject(cx, s, 'labels cannot be compiled');
      cx.out.push({ op: s.type === 'BreakStatement' ? 'break' : 'continue' });
      if (s.type === 'BreakStatement') cx.breaks = true;
      cx.assigned = undefined;
      return;
    case 'EmptyStatement':
    case 'FunctionDeclaration':
      return;
    default:
      reject(cx, s, `${STATEMENTS[s.type] ?? nameOf(s)} cannot be compiled`);
  }
}

const STATEMENTS: Readonly<Record<string, string>> = {
  SwitchStatement: '`switch`',
  ThrowStatement: '`throw`',
  TryStatement: '`try`',
  ForInStatement: '`for ... in`',
  ForOfStatement: '`for ... of`',
  LabeledStatement: 'a label',
  ClassDeclaration: 'a class',
  WithStatement: '`with`',
  DebuggerStatement: '`debugger`',
};

/** Lowers a block with names of its own. */
function lowerBlock(cx: Context, statements: readonly Statement[]): void {
  const outer = cx.scope;
  cx.scope = new Scope(outer);
  const { list } = collect(cx, () => {
    declareHoisted(cx, statements, false);
    lowerStatements(cx, statements);
  });
  cx.scope = outer;
  cx.out.push({ op: 'block', body: list });
}

function lowerDeclaration(cx: Context, s: acorn.VariableDeclaration): Map<Variable, Expr> {
  const inits = new Map<Variable, Expr>();
  for (const d of s.declarations) {
    const { id } = d;
    if (id.type !== 'Identifier') {
      reject(cx, id, 'destructuring cannot be compiled');
      continue;
    }
    const binding = declared(cx, s.kind, id.name, d);
    if (binding === undefined) continue;
    const value = d.init == null ? undefined : lowerExpr(cx, d.init);
    const { variable } = binding;
    if (s.kind === 'var') {
      if (value !== undefined) cx.out.push({ op: 'assign', variable, value });
    } else {
      cx.out.push({ op: 'declare', variable, value });
      cx.scope.declare(id.name, binding);
    }
    if (value !== undefined) {
      markAssigned(cx, variable);
      inits.set(variable, value);
    } else if (s.kind !== 'var') {
      cx.assigned?.delete(variable);
    }
  }
  return inits;
}

/** The variable that a declarator makes; functions and aliases of arrays make none. */
function declared(
  cx: Context,
  kind: string,
  name: string,
  d: acorn.VariableDeclarator,
): Extract<Binding, { kind: 'variable' }> | undefined {
  const fn = functionOf(d.init);
  if (fn !== undefined) {
    if (kind !== 'const') reject(cx, d, `the function \`${name}\` must be declared with \`const\` or \`function\``);
    cx.scope.declare(name, functionBinding(cx, name, fn));
    return undefined;
  }
  const aliased = d.init?.type === 'Identifier' ? cx.scope.find(d.init.name) : undefined;
  if (aliased?.kind === 'array') {
    if (kind !== 'const') reject(cx, d, `\`${name}\` holds an array and must be declared with \`const\``);
    cx.scope.declare(name, aliased);
    return undefined;
  }
  if (kind === 'var') return cx.functionScope.own(name) as Extract<Binding, { kind: 'variable' }>;
  const variable = cx.program.variable(cx.fn, name);
  if (kind === 'const') variable.constant = true;
  return { kind: 'variable', variable, writable: kind !== 'const', ready: true };
}

function functionBinding(cx: Context, name: string, node: FunctionNode): Binding {
  const { scope, columnShift, helper } = cx;
  return { kind: 'function', local: { name, node, columnShift, helper, scope, instances: new Map() }, ready: true };
}

/** A function expression, also inside the `__name(fn, "name")` that bundlers wrap around it. */
function functionOf(init: acorn.Expression | null | undefined): FunctionNode | undefined {
  if (init?.type === 'ArrowFunctionExpression' || init?.type === 'FunctionExpression') return init;
  if (init?.type === 'CallExpression' && init.callee.type === 'Identifier' && init.callee.name === '__name') {
    const first = init.arguments[0];
    return first?.type === 'SpreadElement' ? undefined : functionOf(first);
  }
  return undefined;
}

function isNameMarker(e: acorn.Expression): boolean {
  return e.type === 'CallExpression' && e.callee.type === 'Identifier' && e.callee.name === '__name';
}

function lowerIf(cx: Context, s: acorn.IfStatement): void {
  const test = lowerExpr(cx, s.test);
  const before = cx.assigned;
  cx.assigned = before && new Set(before);
  const { list: then } = collect(cx, () => lowerBlock(cx, [s.consequent]));
  const afterThen = cx.assigned;
  cx.assigned = before && new Set(before);
  const { list: otherwise } = collect(cx, () => s.alternate != null && lowerBlock(cx, [s.alternate]));
  cx.assigned = meet(afterThen, cx.assigned);
  cx.out.push({ op: 'if', test, consequent: unwrap(then), alternate: unwrap(otherwise) });
}

/** A list that is one block is that block's list. */
function unwrap(list: Stmt[]): Stmt[] {
  const only = list.length === 1 ? list[0] : undefined;
  return only?.op === 'block' ? unwrap(only.body) : list;
}

function lowerFor(cx: Context, s: acorn.ForStatement): void {
  const outer = cx.scope;
  cx.scope = new Scope(outer);
  const { list } = collect(cx, () => {
    let inits = new Map<Variable, Expr>();
    const scoped = new Set<Variable>();
    if (s.init?.type === 'VariableDeclaration') {
      declareHoisted(cx, [s.init], false);
      inits = lowerDeclaration(cx, s.init);
      if (s.init.kind !== 'var') for (const variable of inits.keys()) scoped.add(variable);
    } else if (s.init != null) {
      const from = cx.out.length;
      lowerEffect(cx, s.init);
      for (const made of cx.out.slice(from)) if (made.op === 'assign') inits.set(made.variable, made.value);
    }
    lowerLoop(cx, s, { test: s.test, update: s.update, body: s.body, testLast: false, inits, scoped });
  });
  cx.scope = outer;
  cx.out.push({ op: 'block', body: list });
}

interface LoopParts {
  readonly test: acorn.Expression | null | undefined;
  readonly update: acorn.Expression | null | undefined;
  readonly body: acorn.Statement;
  readonly testLast: boolean;
  readonly inits?: ReadonlyMap<Variable, Expr>;
  readonly scoped?: ReadonlySet<Variable>;
}

function lowerLoop(cx: Context, node: acorn.AnyNode, parts: LoopParts): void {
  const entry = cx.assigned;
  const outerBreaks = cx.breaks;
  const scratch = (): Set<Variable> | undefined => entry && new Set(entry);
  cx.assigned = scratch();
  const lowerTest = (): { before: Stmt[]; test: Expr } => {
    const made = collect(
      cx,
      (): Expr => (parts.test == null ? { op: 'boolean', value: true } : lowerExpr(cx, parts.test)),
    );
    return { before: made.list, test: made.value };
  };
  let head = parts.testLast ? undefined : lowerTest();
  const afterTest = cx.assigned && new Set(cx.assigned);
  cx.breaks = false;
  cx.loops++;
  const { list: body } = collect(cx, () => lowerBlock(cx, [parts.body]));
  cx.loops--;
  const breaks = cx.breaks;
  cx.breaks = outerBreaks;
  // `continue` reaches the update (or the last test) past assignments of the body: only what the test assigned is sure.
  cx.assigned = afterTest && new Set(afterTest);
  const { list: update } = collect(cx, () => parts.update != null && lowerEffect(cx, parts.update));
  if (head === undefined) {
    cx.assigned = scratch();
    head = lowerTest();
  }
  const endless = head.test.op === 'boolean' && head.test.value && head.before.length === 0 && !breaks;
  cx.assigned = endless ? undefined : entry;
  cx.out.push({
    op: 'loop',
    before: head.before,
    test: head.test,
    body: unwrap(body),
    update,
    testLast: parts.testLast,
    inits: parts.inits ?? new Map(),
    scoped: parts.scoped ?? new Set(),
    position: positionIn(cx, node),
  });
}
