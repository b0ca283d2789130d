import {
  type Argument,
  type ArrayRef,
  type Expr,
  expressionsOf,
  type IRFunction,
  type Program,
  type Stmt,
  type Variable,
  walkExpr,
  walkStmts,
} from './ir.js';

/** Notes that a nested function reads (or writes) a variable of a function around it. */
export function markCaptured(variable: Variable, written: boolean): void {
  variable.captured = true;
  if (written) variable.capturedByReference = true;
}

interface Uses {
  readonly variables: Set<Variable>;
  readonly arrays: Set<ArrayRef>;
  readonly callees: Set<IRFunction>;
  readonly stores: boolean;
  readonly assigned: Set<Variable>;
}

/** What a function touches itself, without what its callees touch. */
function usesOf(fn: IRFunction): Uses {
  const variables = new Set<Variable>();
  const arrays = new Set<ArrayRef>();
  const callees = new Set<IRFunction>();
  const assigned = new Set<Variable>();
  let stores = false;
  const call = (callee: IRFunction, args: readonly Argument[]): void => {
    callees.add(callee);
    for (const arg of args) if (arg.op === 'array') arrays.add(arg.array);
  };
  const expr = (e: Expr): void => {
    if (e.op === 'var') variables.add(e.variable);
    else if (e.op === 'load' || e.op === 'length') arrays.add(e.array);
    else if (e.op === 'call') call(e.fn, e.args);
  };
  walkStmts(fn.body, (s: Stmt) => {
    for (const e of expressionsOf(s)) walkExpr(e, expr);
    if (s.op === 'store') {
      stores = true;
      arrays.add(s.array);
    } else if (s.op === 'assign') {
      assigned.add(s.variable);
      variables.add(s.variable);
    } else if (s.op === 'call') {
      call(s.fn, s.args);
      if (s.result !== undefined) assigned.add(s.result);
    }
  });
  return { variables, arrays, callees, stores, assigned };
}

/** Decides, as soon as a function is lowered, whether calls of it may stand inside expressions. */
export function finishFunction(fn: IRFunction): void {
  const uses = usesOf(fn);
  const outer = [...uses.assigned].some((v) => v.owner !== fn);
  fn.pure = !uses.stores && !outer && !fn.recursive && [...uses.callees].every((c) => c.pure);
}

/**
 * Completes the program once everything is lowered: variables and arrays that nested functions use become hidden
 * parameters (by value, or by address when a nested function assigns them); recursion is found; variables that are
 * assigned once get their definition.
 */
export function finish(entry: IRFunction, functions: readonly IRFunction[]): Program {
  const uses = new Map(functions.map((fn) => [fn, usesOf(fn)] as const));
  const variables = new Map<IRFunction, Set<Variable>>();
  const arrays = new Map<IRFunction, Set<ArrayRef>>();
  const reaches = new Map<IRFunction, Set<IRFunction>>();
  for (const [fn, u] of uses) {
    variables.set(fn, new Set([...u.variables].filter((v) => v.owner !== fn)));
    arrays.set(fn, new Set([...u.arrays].filter((a) => a.owner !== fn)));
    reaches.set(fn, new Set(u.callees));
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const [fn, u] of uses) {
      for (const callee of u.callees) {
        changed = addAll(variables.get(fn), variables.get(callee), (v) => v.owner !== fn) || changed;
        changed = addAll(arrays.get(fn), arrays.get(callee), (a) => a.owner !== fn) || changed;
        changed = addAll(reaches.get(fn), reaches.get(callee), () => true) || changed;
      }
    }
  }
  for (const fn of functions) {
    fn.captures = [...(variables.get(fn) ?? [])].sort((a, b) => a.id - b.id);
    fn.capturedArrays = [...(arrays.get(fn) ?? [])].sort((a, b) => a.id - b.id);
    fn.recursive = reaches.get(fn)?.has(fn) === true;
  }
  for (const fn of functions) fn.deep = fn.recursive || [...(reaches.get(fn) ?? [])].some((callee) => callee.recursive);
  settleVariables(functions);
  return { entry, functions: [...functions] };
}

function addAll<T>(into: Set<T> | undefined, from: Set<T> | undefined, wanted: (t: T) => boolean): boolean {
  if (into === undefined || from === undefined) return false;
  const before = into.size;
  for (const t of from) if (wanted(t)) into.add(t);
  return into.size > before;
}

/** Finds the variables that keep their first value, and those that a nested function may see unassigned. */
function settleVariables(functions: readonly IRFunction[]): void {
  const assignments = new Map<Variable, number>();
  const definitions = new Map<Variable, Expr | undefined>();
  const count = (v: Variable): void => void assignments.set(v, (assignments.get(v) ?? 0) + 1);
  for (const fn of functions) {
    for (const p of fn.params) if (p.kind === 'scalar') count(p.variable);
    walkStmts(fn.body, (s) => {
      if (s.op === 'declare') {
        definitions.set(s.variable, s.value);
        if (s.value !== undefined) count(s.variable);
        else {
          count(s.variable);
          if (s.variable.captured) s.variable.maybeUnassigned = true;
        }
      } else if (s.op === 'assign') count(s.variable);
      else if (s.op === 'call' && s.result !== undefined) count(s.result);
    });
  }
  for (const [variable, times] of assignments) {
    variable.constant = times === 1 && !variable.maybeUnassigned;
    variable.definition = variable.constant ? definitions.get(variable) : undefined;
  }
}
