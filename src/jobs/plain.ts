import type { JobNode } from './node_types.js';

/** How far a job has come. */
export interface Progress {
  /** Passes of the outermost loops that have ended. */
  iterations: number;
}

/**
 * Executes a job in JS, one step for each call of a kernel, with the semantics of the native executor: the branches of
 * a `parallel` take turns, so that one may wait for another's flag.
 *
 * A kernel that throws ends the job with that very error.
 */
export function* plainSteps(node: JobNode, progress: Progress, inLoop = false): Generator<void, void, void> {
  switch (node.kind) {
    case 'call':
      node.kernel(...node.args);
      yield;
      return;
    case 'sequence':
      for (const child of node.children) yield* plainSteps(child, progress, inLoop);
      return;
    case 'parallel':
      yield* takeTurns(node.children.map((child) => plainSteps(child, progress, inLoop)));
      return;
    case 'forEach':
      for (let i = 0; i < node.count; i++) {
        node.kernel(i, ...node.args);
        yield;
      }
      return;
    case 'repeat':
      for (let pass = 0; pass < node.count; pass++) {
        yield* plainSteps(node.child, progress, true);
        if (!inLoop) progress.iterations++;
        // A loop over nothing must let go as well.
        yield;
      }
      return;
    case 'until':
      for (let pass = 0; pass < (node.max ?? Number.POSITIVE_INFINITY); pass++) {
        yield* plainSteps(node.child, progress, true);
        if (!inLoop) progress.iterations++;
        if (Atomics.load(node.flag, 0) !== 0) return;
        yield;
      }
      return;
  }
}

function* takeTurns(branches: Generator<void, void, void>[]): Generator<void, void, void> {
  let live = branches;
  while (live.length > 0) {
    const next: typeof live = [];
    for (const branch of live) {
      if (branch.next().done) continue;
      next.push(branch);
      yield;
    }
    live = next;
  }
}
