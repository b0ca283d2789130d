import type { Reason } from './diagnostics.js';

/** The answer of `kernel.explain()`. */
export interface Explanation {
  readonly status: 'native' | 'plain';
  /** Why the plain function runs; with status `native`, notes (for example about an unusable cache directory). */
  readonly reasons: readonly Reason[];
  /** Where the compiled object of the last variant came from. */
  readonly cache: 'memory' | 'disk' | 'compiled' | undefined;
  /** Milliseconds spent in the compiler, when it ran. */
  readonly compileMs: number | undefined;
}

/** One line per reason, for people: `model 3:14 strings are not supported`. */
export function formatReasons(reasons: readonly Reason[]): string {
  return reasons
    .map((r) => (r.line === undefined ? `${r.phase}: ${r.message}` : `${r.phase} ${r.line}:${r.column}: ${r.message}`))
    .join('\n');
}
