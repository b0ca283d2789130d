import { HartsError } from '../../src/errors.js';

/** What went wrong; the code of the error is `ERR_BLOODFLOW_` and this. */
export type BloodflowFault =
  /** The file cannot be read, or is not YAML. */
  | 'FILE'
  | 'YAML'
  /** A key that nobody knows, one that is missing, one given twice or together with another that excludes it. */
  | 'UNKNOWN_KEY'
  | 'MISSING_KEY'
  | 'CONFLICT'
  /** A value of the wrong type, or outside its range (NaN is outside every range). */
  | 'TYPE'
  | 'VALUE'
  /** The network: labels, connections, ends. */
  | 'DUPLICATE_LABEL'
  | 'DISCONNECTED'
  | 'INLET'
  | 'OUTLET'
  /** The inflow file. */
  | 'INFLOW'
  /** The run: a step too long, an area that is not positive, a vessel closed from the start. */
  | 'CFL'
  | 'NOT_FINITE'
  | 'COLLAPSED'
  /** Results cannot be written. */
  | 'OUTPUT'
  /** Ctrl-C. */
  | 'ABORTED';

/** An error that a user of the blood-flow program can act on. */
export class BloodflowError extends HartsError {
  /** What to do about it. */
  readonly advice: string;

  constructor(fault: BloodflowFault, problem: string, advice: string, options?: ErrorOptions) {
    super(`ERR_BLOODFLOW_${fault}`, `${problem} ${advice}`, options);
    this.advice = advice;
  }
}
