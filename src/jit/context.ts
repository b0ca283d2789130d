import type { SourcePosition } from '../errors.js';
import { type Located, positionOf } from './acquire.js';
import type { ElementKind } from './bind.js';
import { Rejection } from './diagnostics.js';
import { type ArrayRef, type Expr, freshId, type IRFunction, newVariable, type Stmt, type Variable } from './ir.js';
import type { LocalFunction, Scope } from './scope.js';
import type { NumericType } from './types.js';

/**
 * Says what a read of a grid is: `grid` counts the grids of `owner`, the stencil function; `reader` is the function that
 * reads (`owner` itself, or one nested in it).
 */
export type GridAccess = (
  owner: IRFunction,
  reader: IRFunction,
  grid: number,
  offsets: readonly number[],
  at: SourcePosition,
) => Expr;

/** Makes the unique objects of one program and keeps the list of its functions. */
export class ProgramBuilder {
  readonly functions: IRFunction[] = [];
  /** Reads of stencil grids become whatever the stencil specializer says. */
  readonly gridAccess: GridAccess | undefined;

  constructor(gridAccess?: GridAccess) {
    this.gridAccess = gridAccess;
  }

  fn(name: string): IRFunction {
    return {
      id: freshId(),
      name,
      params: [],
      body: [],
      result: undefined,
      captures: [],
      capturedArrays: [],
      pure: false,
      recursive: false,
      deep: false,
    };
  }

  variable(owner: IRFunction, name: string, fixedType?: NumericType): Variable {
    return newVariable(owner, name, fixedType);
  }

  array(owner: IRFunction, name: string, element: ElementKind): ArrayRef {
    return { id: freshId(), name, owner, element };
  }
}

/** Where lowering stands: the function, the statement list it appends to, the names in sight. */
export interface Context {
  readonly program: ProgramBuilder;
  readonly fn: IRFunction;
  readonly columnShift: number;
  readonly helper: string | undefined;
  readonly returnsValue: boolean;
  scope: Scope;
  /** Names declared with `var` live here. */
  readonly functionScope: Scope;
  out: Stmt[];
  /** Variables assigned on every path to this point; `undefined` where no path leads. */
  assigned: Set<Variable> | undefined;
  loops: number;
  /** Whether the innermost loop has a `break` on some path. */
  breaks: boolean;
  /** Instances that are being lowered now, to recognise recursion. */
  readonly active: ReadonlySet<LocalFunction>;
}

export function positionIn(cx: Context, node: Located): SourcePosition {
  return positionOf(node, cx.columnShift);
}

/** Stops lowering with a reason at a place of the source. */
export function reject(cx: Context, node: Located, message: string): never {
  const text = cx.helper === undefined ? message : `${message} (in helper \`${cx.helper}\`)`;
  throw new Rejection('model', text, positionIn(cx, node));
}

/** Runs `work` with an empty statement list and returns what it appended. */
export function collect<T>(cx: Context, work: () => T): { list: Stmt[]; value: T } {
  const saved = cx.out;
  cx.out = [];
  try {
    const value = work();
    return { list: cx.out, value };
  } finally {
    cx.out = saved;
  }
}

/** A fresh variable that holds `value` from here on. */
export function temporary(cx: Context, value: Expr, name = 't'): Expr {
  const variable = cx.program.variable(cx.fn, name);
  variable.constant = true;
  variable.definition = value;
  cx.out.push({ op: 'declare', variable, value });
  return { op: 'var', variable };
}

/** Notes that a path to here has assigned `variable`. */
export function markAssigned(cx: Context, variable: Variable): void {
  cx.assigned?.add(variable);
}

/** What two paths that meet have both assigned. */
export function meet(a: Set<Variable> | undefined, b: Set<Variable> | undefined): Set<Variable> | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return new Set([...a].filter((v) => b.has(v)));
}
