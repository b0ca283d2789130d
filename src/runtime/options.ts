import { JobError } from '../errors.js';
import { checkOptions, show } from '../jobs/validate.js';

/** How far a job has come. */
export interface JobProgress {
  /** Passes of the outermost loops (`repeat`, `until`) that have ended; 0 for a job without loops. */
  readonly iterations: number;
  /** All passes, or `undefined` when a loop ends by its flag. */
  readonly total: number | undefined;
}

/** Options of {@link Runtime.run}. */
export interface RunOptions {
  /** Stops the job before its next kernel call; the promise then rejects with `signal.reason`. */
  signal?: AbortSignal;
  /**
   * Called from the event loop, at most every 50 ms while the job runs and once when it has ended. If it throws, the
   * job is stopped and the promise rejects with what it threw.
   */
  onProgress?: (progress: JobProgress) => void;
}

/** Options of {@link Runtime.configure}. */
export interface RuntimeOptions {
  /** The most harts to use; the affinity mask, the CPU quota and `HARTS` may allow fewer. */
  harts?: number;
}

/** What a job did. */
export interface JobReport {
  /** Whether it ran on harts; otherwise it ran in JS, on the calling thread. */
  readonly native: boolean;
  /** Passes of the outermost loops. */
  readonly iterations: number;
  /** The first kernel without native code, when that is why the job ran in JS. */
  readonly plainKernel?: string;
}

/** Milliseconds between two calls of `onProgress`. */
export const progressPeriod = 50;

export function checkRunOptions(value: unknown): RunOptions {
  const { signal, onProgress } = checkOptions('runtime.run', value, ['signal', 'onProgress']);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new JobError('ERR_HARTS_JOB_OPTIONS', `The signal of runtime.run is ${show(signal)}. Give an AbortSignal.`);
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new JobError('ERR_HARTS_JOB_OPTIONS', `onProgress of runtime.run is ${show(onProgress)}. Give a function.`);
  }
  return { signal, onProgress: onProgress as RunOptions['onProgress'] };
}
