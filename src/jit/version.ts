import { cloneBody } from './clone.js';
import {
  type ArrayRef,
  children,
  type Expr,
  expressionsOf,
  type IRFunction,
  type Loop,
  type Program,
  type Stmt,
  type Version,
} from './ir.js';
import { type Counter, Region } from './region.js';

/**
 * Loop versioning: replaces every counting loop whose accesses can be checked before it by "if the checks hold, the
 * loop over integers without checks, else the loop as it was". The loop as it was is never versioned again, so the code
 * grows with the depth of a nest, not exponentially.
 */
export function versionLoops(program: Program): void {
  for (const fn of program.functions) replaceLoops(fn, fn.body);
}

function replaceLoops(fn: IRFunction, list: Stmt[]): void {
  for (let k = 0; k < list.length; k++) {
    const s = list[k] as Stmt;
    if (s.op === 'loop') {
      const version = versionOf(fn, s);
      if (version !== undefined) list[k] = version;
      else replaceLoops(fn, s.body);
    } else if (s.op === 'block') {
      replaceLoops(fn, s.body);
    } else if (s.op === 'if') {
      replaceLoops(fn, s.consequent);
      replaceLoops(fn, s.alternate);
    } else if (s.op === 'counted') {
      replaceLoops(fn, s.body);
    }
  }
}

function versionOf(fn: IRFunction, loop: Loop): Version | undefined {
  const region = new Region(fn, loop);
  const root = region.count(loop, true);
  if (root === undefined) return undefined;
  visitList(region, loop.body, [root], false);
  if (region.proofs.size === 0) return undefined;
  const fast = cloneBody(fn, [loop], region.counters, region.proofs);
  replaceLoops(fn, fast);
  const disjoint: [ArrayRef, ArrayRef][] = [];
  for (const read of region.readBefore) for (const written of region.stored) disjoint.push([read, written]);
  return {
    op: 'version',
    ranges: [...region.counters.values()].map((c) => c.range),
    atoms: [...region.atoms.values()],
    checks: [...region.checks.values()],
    disjoint,
    fast,
    slow: [loop],
    position: loop.position,
  };
}

/** Looks for accesses to prove; `guarded` ones stand behind a condition on a counter and keep their own check. */
function visitList(region: Region, list: readonly Stmt[], active: readonly Counter[], guarded: boolean): void {
  for (const s of list) {
    if (s.op === 'loop') {
      const counter = region.count(s, false);
      const inner = counter === undefined ? active : [...active, counter];
      visitList(region, s.before, active, guarded);
      visitExpr(region, s.test, active, guarded || counter === undefined);
      visitList(region, s.body, inner, guarded);
      visitList(region, s.update, inner, guarded);
      continue;
    }
    if (s.op === 'counted') {
      visitList(region, s.body, [...active, region.adopt(s)], guarded);
      continue;
    }
    for (const e of expressionsOf(s)) visitExpr(region, e, active, guarded);
    if (s.op === 'store' && s.proof === undefined && !guarded) region.prove(s, s.array, s.index, active);
    if (s.op === 'block') visitList(region, s.body, active, guarded);
    if (s.op === 'if') {
      const behind = guarded || region.watchesCounter(s.test, active);
      visitList(region, s.consequent, active, behind);
      visitList(region, s.alternate, active, behind);
    }
  }
}

function visitExpr(region: Region, e: Expr, active: readonly Counter[], guarded: boolean): void {
  if (e.op === 'load' && e.proof === undefined && !guarded) region.prove(e, e.array, e.index, active);
  if (e.op === 'select' || e.op === 'and' || e.op === 'or') {
    const test = e.op === 'select' ? e.test : e.a;
    visitExpr(region, test, active, guarded);
    const behind = guarded || region.watchesCounter(test, active);
    for (const side of e.op === 'select' ? [e.a, e.b] : [e.b]) visitExpr(region, side, active, behind);
    return;
  }
  for (const child of children(e)) visitExpr(region, child, active, guarded);
}
