/**
 * Every error that harts throws on purpose.
 *
 * `code` is stable and is what programs test; `message` says what was wrong with which value and what to do about it.
 */
export class HartsError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The machine lacks something that harts needs (the addon, a compiler, a library); the message names the way out. */
export class SetupError extends HartsError {}

/** Where in the user's function something stands: 1-based line, 0-based column, as acorn counts them. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/** A function cannot be specialized. Thrown only under `strict: true`; otherwise it is what `explain()` reports. */
export class KernelError extends HartsError {
  readonly position: SourcePosition | undefined;

  constructor(message: string, position?: SourcePosition, options?: ErrorOptions) {
    super('ERR_HARTS_KERNEL', message, options);
    this.position = position;
  }
}

/** A grid or an array has the wrong shape, length or element type. */
export class ShapeError extends HartsError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_HARTS_SHAPE', message, options);
  }
}

/** A job is malformed, was aborted, or failed while it ran. */
export class JobError extends HartsError {}

/** A trace could not be started, read or written. */
export class TraceError extends HartsError {}
