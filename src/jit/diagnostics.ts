import type { SourcePosition } from '../errors.js';

/** The phases of the pipeline, in order; every reason names the one that gave up. */
export type Phase = 'acquire' | 'bind' | 'model' | 'analyse' | 'generate' | 'compile' | 'cache' | 'run';

/** Why a function runs as plain JS (or a note about how it was compiled). Positions count inside the user's function. */
export interface Reason {
  readonly phase: Phase;
  readonly message: string;
  /** 1-based line inside the function's own text. */
  readonly line: number | undefined;
  /** 0-based column inside that line. */
  readonly column: number | undefined;
}

/**
 * Thrown inside the pipeline when a phase cannot go on; never escapes it.
 *
 * The engine turns it into a `Reason` (the plain function runs instead) or, under `strict`, into a `KernelError`.
 */
export class Rejection extends Error {
  readonly phase: Phase;
  readonly position: SourcePosition | undefined;

  constructor(phase: Phase, message: string, position?: SourcePosition) {
    super(message);
    this.name = 'Rejection';
    this.phase = phase;
    this.position = position;
  }

  toReason(): Reason {
    return { phase: this.phase, message: this.message, line: this.position?.line, column: this.position?.column };
  }
}
