import type { SourcePosition } from '../errors.js';
import type { ElementKind } from './bind.js';
import type { Poly } from './poly.js';
import type { NumericType } from './types.js';

/**
 * The typed model of a kernel.
 *
 * Expressions are pure trees (they read variables and arrays but change nothing); every effect is a statement, in JS
 * evaluation order. Variables are unique objects, so that names need no scopes.
 */
export interface Variable {
  readonly id: number;
  readonly name: string;
  readonly owner: IRFunction;
  /** Never assigned after its declaration, so an expression that reads it stays true. */
  constant: boolean;
  /** The initial value of a variable that is assigned nowhere else. */
  definition: Expr | undefined;
  /** Some path reads it before anything was assigned: the value is then `undefined`. */
  maybeUnassigned: boolean;
  /** Read or written by a nested function. */
  captured: boolean;
  /** Assigned by a nested function, which then gets its address. */
  capturedByReference: boolean;
  /** Filled in by inference. */
  type: NumericType | undefined;
  /** An integer that the generator itself introduced (loop counters, bases of indexes); its type is fixed. */
  readonly fixedType?: NumericType;
}

let nextId = 0;

/** A number that no other object of any model has; later objects have larger ones. */
export function freshId(): number {
  return nextId++;
}

/** A variable that nothing is known about yet. */
export function newVariable(owner: IRFunction, name: string, fixedType?: NumericType): Variable {
  const made = {
    id: freshId(),
    name,
    owner,
    constant: false,
    definition: undefined,
    maybeUnassigned: false,
    captured: false,
    capturedByReference: false,
    type: fixedType,
  };
  return fixedType === undefined ? made : { ...made, fixedType };
}

/** A typed array that a function may touch: one of its parameters. */
export interface ArrayRef {
  readonly id: number;
  readonly name: string;
  readonly owner: IRFunction;
  readonly element: ElementKind;
}

export type BinaryOp = '+' | '-' | '*' | '/' | '%' | '**' | '&' | '|' | '^' | '<<' | '>>' | '>>>';
export type CompareOp = '<' | '<=' | '>' | '>=' | '===' | '!==' | '==' | '!=';

export type MathName =
  | 'abs'
  | 'acos'
  | 'acosh'
  | 'asin'
  | 'asinh'
  | 'atan'
  | 'atan2'
  | 'atanh'
  | 'cbrt'
  | 'ceil'
  | 'clz32'
  | 'cos'
  | 'cosh'
  | 'exp'
  | 'expm1'
  | 'floor'
  | 'fround'
  | 'hypot'
  | 'imul'
  | 'isFinite'
  | 'isInteger'
  | 'isNaN'
  | 'log'
  | 'log10'
  | 'log1p'
  | 'log2'
  | 'max'
  | 'min'
  | 'pow'
  | 'round'
  | 'sign'
  | 'sin'
  | 'sinh'
  | 'sqrt'
  | 'tan'
  | 'tanh'
  | 'trunc';

export type Expr =
  | { readonly op: 'number'; readonly value: number }
  | { readonly op: 'boolean'; readonly value: boolean }
  | { readonly op: 'var'; readonly variable: Variable }
  | { readonly op: 'load'; readonly array: ArrayRef; readonly index: Expr; readonly proof?: Poly }
  | { readonly op: 'length'; readonly array: ArrayRef }
  | { readonly op: 'binary'; readonly kind: BinaryOp; readonly a: Expr; readonly b: Expr }
  | { readonly op: 'compare'; readonly kind: CompareOp; readonly a: Expr; readonly b: Expr }
  | { readonly op: 'negate' | 'number-of' | 'bitnot' | 'not'; readonly a: Expr }
  | { readonly op: 'and' | 'or'; readonly a: Expr; readonly b: Expr }
  | { readonly op: 'select'; readonly test: Expr; readonly a: Expr; readonly b: Expr }
  | { readonly op: 'math'; readonly fn: MathName; readonly args: readonly Expr[] }
  | { readonly op: 'call'; readonly fn: IRFunction; readonly args: readonly Argument[] };

/** An actual argument of a helper: a value, or one of the caller's arrays. */
export type Argument = Expr | { readonly op: 'array'; readonly array: ArrayRef };

/** A loop `for (; test; update) body`, where the test may need statements of its own. */
export interface Loop {
  readonly op: 'loop';
  readonly before: Stmt[];
  readonly test: Expr;
  readonly body: Stmt[];
  readonly update: Stmt[];
  /** The body runs once before the first test. */
  readonly testLast: boolean;
  /** Initial values given in the head of a `for`, by variable. */
  readonly inits: ReadonlyMap<Variable, Expr>;
  /** Variables declared in the head: nobody sees them after the loop. */
  readonly scoped: ReadonlySet<Variable>;
  readonly position: SourcePosition;
}

/** A counted loop over an integer: what versioning makes of a loop whose range was checked before it. */
export interface Counted {
  readonly op: 'counted';
  readonly counter: Variable;
  readonly range: Range;
  readonly body: Stmt[];
  /** The user's variable, to be set after the loop when somebody can see it. */
  readonly exposes: Variable | undefined;
  /** No iteration depends on another; decided by the dependence test. */
  simd: boolean;
  readonly position: SourcePosition;
}

/** `start`, `start + step`, ... while `< bound` (or as `compare` says); evaluated once, before the version statement. */
export interface Range {
  readonly id: number;
  readonly start: Expr;
  readonly bound: Expr;
  readonly compare: '<' | '<=' | '>' | '>=';
  readonly step: number;
}

/** A loop-invariant value that must be an integer for the fast version; `variable` holds it as int64. */
export interface Atom {
  readonly variable: Variable;
  readonly value: Expr;
}

/** "This index stays inside this array", for the ranges of the counters it mentions. */
export interface BoundsCheck {
  readonly array: ArrayRef;
  readonly index: Poly;
  /** Sum of magnitudes of everything the index is computed from: below 2^31, all of it is exact. */
  readonly magnitude: Poly;
  /** The index goes through `| 0`, which is only transparent below 2^31. */
  readonly wraps: boolean;
  /** Loops that must run at all for the access to happen. */
  readonly within: readonly Range[];
}

/** One check before a loop nest, then the loop without checks, or else with them. */
export interface Version {
  readonly op: 'version';
  readonly ranges: readonly Range[];
  readonly atoms: readonly Atom[];
  readonly checks: readonly BoundsCheck[];
  /** Pairs of arrays whose memory must not overlap. */
  readonly disjoint: [ArrayRef, ArrayRef][];
  readonly fast: Stmt[];
  readonly slow: Stmt[];
  readonly position: SourcePosition;
}

export type Stmt =
  | { readonly op: 'declare'; readonly variable: Variable; readonly value: Expr | undefined }
  | { readonly op: 'assign'; readonly variable: Variable; readonly value: Expr }
  | {
      readonly op: 'store';
      readonly array: ArrayRef;
      readonly index: Expr;
      readonly value: Expr;
      readonly proof?: Poly;
    }
  | { readonly op: 'if'; readonly test: Expr; readonly consequent: Stmt[]; readonly alternate: Stmt[] }
  | { readonly op: 'block'; readonly body: Stmt[] }
  | { readonly op: 'break' }
  | { readonly op: 'continue' }
  | { readonly op: 'return'; readonly value: Expr | undefined }
  | {
      readonly op: 'call';
      readonly fn: IRFunction;
      readonly args: readonly Argument[];
      readonly result: Variable | undefined;
    }
  | Loop
  | Counted
  | Version;

export type Parameter =
  | { readonly kind: 'scalar'; readonly variable: Variable }
  | { readonly kind: 'array'; readonly array: ArrayRef };

export interface IRFunction {
  readonly id: number;
  readonly name: string;
  readonly params: Parameter[];
  readonly body: Stmt[];
  /** Stands for the returned value in inference; `undefined` for a function that returns nothing. */
  result: Variable | undefined;
  /** Outer variables and arrays that the body uses, directly or through calls; passed along by every caller. */
  captures: Variable[];
  capturedArrays: ArrayRef[];
  /** Writes no array and no outer variable, and always ends: may stand inside an expression. */
  pure: boolean;
  recursive: boolean;
  /** Recurses, or calls something that does: passes the remaining depth along. */
  deep: boolean;
}

/** A whole kernel: its entry and every helper instance, callees before callers where there is no recursion. */
export interface Program {
  readonly entry: IRFunction;
  readonly functions: IRFunction[];
}

/** The direct subexpressions of an expression. */
export function children(e: Expr): readonly Expr[] {
  switch (e.op) {
    case 'number':
    case 'boolean':
    case 'var':
    case 'length':
      return [];
    case 'load':
      return [e.index];
    case 'binary':
    case 'compare':
    case 'and':
    case 'or':
      return [e.a, e.b];
    case 'negate':
    case 'number-of':
    case 'bitnot':
    case 'not':
      return [e.a];
    case 'select':
      return [e.test, e.a, e.b];
    case 'math':
      return e.args;
    case 'call':
      return e.args.filter((a): a is Expr => a.op !== 'array');
  }
}

/** Calls `visit` for `e` and everything below it. */
export function walkExpr(e: Expr, visit: (e: Expr) => void): void {
  visit(e);
  for (const child of children(e)) walkExpr(child, visit);
}

/** The expressions that a statement evaluates itself (not those of statements inside it). */
export function expressionsOf(s: Stmt): readonly Expr[] {
  switch (s.op) {
    case 'declare':
    case 'return':
      return s.value === undefined ? [] : [s.value];
    case 'assign':
      return [s.value];
    case 'store':
      return [s.index, s.value];
    case 'if':
    case 'loop':
      return [s.test];
    case 'call':
      return s.args.filter((a): a is Expr => a.op !== 'array');
    case 'counted':
    case 'version':
    case 'block':
    case 'break':
    case 'continue':
      return [];
  }
}

/** The statement lists inside a statement. */
export function blocksOf(s: Stmt): readonly Stmt[][] {
  switch (s.op) {
    case 'if':
      return [s.consequent, s.alternate];
    case 'block':
      return [s.body];
    case 'loop':
      return [s.before, s.body, s.update];
    case 'counted':
      return [s.body];
    case 'version':
      return [s.fast, s.slow];
    default:
      return [];
  }
}

/** Calls `visit` for every statement of a list, outside in. */
export function walkStmts(list: readonly Stmt[], visit: (s: Stmt) => void): void {
  for (const s of list) {
    visit(s);
    for (const block of blocksOf(s)) walkStmts(block, visit);
  }
}

/** Calls `visit` for every expression node of a list of statements. */
export function walkAllExprs(list: readonly Stmt[], visit: (e: Expr) => void): void {
  walkStmts(list, (s) => {
    for (const e of expressionsOf(s)) walkExpr(e, visit);
    if (s.op === 'version') {
      for (const r of s.ranges) for (const e of [r.start, r.bound]) walkExpr(e, visit);
      for (const a of s.atoms) walkExpr(a.value, visit);
    }
  });
}
