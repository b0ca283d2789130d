import {
  type ArrayRef,
  blocksOf,
  type Counted,
  type Expr,
  expressionsOf,
  type Program,
  type Stmt,
  type Variable,
  type Version,
  walkExpr,
  walkStmts,
} from './ir.js';
import { type Poly, polyKey, slopeIn } from './poly.js';

/**
 * The dependence test: marks innermost counted loops whose iterations do not depend on each other, and asks the check
 * before the nest that the arrays involved do not overlap.
 */
export function markIndependentLoops(program: Program): void {
  for (const fn of program.functions) visit(fn.body, undefined);
}

function visit(list: readonly Stmt[], version: Version | undefined): void {
  for (const s of list) {
    if (s.op === 'counted' && version !== undefined) {
      const arrays = independentArrays(s);
      if (arrays !== undefined) {
        s.simd = true;
        requireDisjoint(version, arrays);
        continue;
      }
    }
    if (s.op === 'version') {
      visit(s.fast, s);
      visit(s.slow, version);
      continue;
    }
    for (const block of blocksOf(s)) visit(block, version);
  }
}

interface Arrays {
  readonly written: ReadonlySet<ArrayRef>;
  readonly read: ReadonlySet<ArrayRef>;
}

function requireDisjoint(version: Version, { written, read }: Arrays): void {
  const add = (a: ArrayRef, b: ArrayRef): void => {
    const known = version.disjoint.some(([x, y]) => (x === a && y === b) || (x === b && y === a));
    if (a !== b && !known) version.disjoint.push([a, b]);
  };
  for (const w of written) {
    for (const r of read) add(w, r);
    for (const other of written) add(w, other);
  }
}

/** The arrays of a loop without dependences between iterations; `undefined` when there may be one. */
function independentArrays(loop: Counted): Arrays | undefined {
  const stores: { array: ArrayRef; proof: Poly }[] = [];
  const loads: { array: ArrayRef; proof: Poly | undefined }[] = [];
  const local = new Set<Variable>();
  let possible = loop.exposes === undefined;
  const read = (e: Expr): void => {
    if (e.op === 'load') loads.push({ array: e.array, proof: e.proof });
    if (e.op === 'call') {
      // Helpers are inlined; one that reads arrays is left to the compiler's own analysis.
      if (e.fn.capturedArrays.length > 0 || e.args.some((a) => a.op === 'array') || hasLoop(e.fn.body))
        possible = false;
    }
  };
  walkStmts(loop.body, (s) => {
    for (const e of expressionsOf(s)) walkExpr(e, read);
    switch (s.op) {
      case 'declare':
        local.add(s.variable);
        break;
      case 'assign':
        if (!local.has(s.variable)) possible = false;
        break;
      case 'store':
        if (s.proof === undefined) possible = false;
        else stores.push({ array: s.array, proof: s.proof });
        break;
      case 'if':
      case 'block':
      case 'continue':
        break;
      default:
        possible = false;
    }
  });
  if (!possible || stores.length === 0) return undefined;
  const written = new Set(stores.map((s) => s.array));
  for (const store of stores) {
    for (const other of [...stores, ...loads]) {
      if (other.array === store.array && !independent(loop, store.proof, other.proof)) return undefined;
    }
  }
  return { written, read: new Set(loads.map((l) => l.array)) };
}

function hasLoop(list: readonly Stmt[]): boolean {
  let found = false;
  walkStmts(list, (s) => {
    if (s.op === 'loop' || s.op === 'version' || s.op === 'counted' || s.op === 'call') found = true;
  });
  return found;
}

/** Whether two accesses of one array never meet in different iterations. */
function independent(loop: Counted, a: Poly, b: Poly | undefined): boolean {
  if (b === undefined) return false;
  const [p, q] = [slopeIn(a, loop.counter), slopeIn(b, loop.counter)];
  if (p === undefined || q === undefined || p.slope === 0 || p.slope !== q.slope) return false;
  if (polyKey(p.rest) === polyKey(q.rest)) return true;
  const difference = constantDifference(p.rest, q.rest);
  return difference !== undefined && difference % (p.slope * loop.range.step) !== 0;
}

/** `a - b`, when only their constant terms differ. */
function constantDifference(a: Poly, b: Poly): number | undefined {
  const constant = (p: Poly): number => p.find((t) => t.factors.length === 0)?.coefficient ?? 0;
  const rest = (p: Poly): string => polyKey(p.filter((t) => t.factors.length > 0));
  return rest(a) === rest(b) ? constant(a) - constant(b) : undefined;
}
