import { JobError, SetupError } from '../errors.js';
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
  /**
   * The most harts to use from now on; the affinity mask, the CPU quota and `HARTS` may allow fewer. Jobs that run on
   * more give them back within a few milliseconds.
   */
  harts?: number;
  /**
   * Whether native code that runs for a quantum without coming to a scheduling point is switched out when others wait:
   * `true` for a quantum of 5 ms, or the quantum in milliseconds, from 2 to 60 000. `false`, the default, only counts
   * it (`askedToYield` in the stats). JavaScript is never switched out.
   */
  preempt?: boolean | number;
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

/** The most harts that `HARTS` takes. */
const maxHarts = 4096;
/** Milliseconds: two looks of the monitor; and what is long enough to be a mistake. */
const [shortestQuantum, longestQuantum] = [2, 60_000];
const defaultQuantum = 5;

/** Checked options of {@link Runtime.configure}; the quantum in milliseconds, 0 for none. */
export function checkRuntimeOptions(value: unknown): { harts?: number; quantum?: number } {
  const { harts, preempt } = checkOptions('runtime.configure', value, ['harts', 'preempt']);
  if (harts !== undefined && !(Number.isInteger(harts) && isWithin(harts, 1, maxHarts))) {
    throw new SetupError(
      'ERR_HARTS_OPTION',
      `harts of runtime.configure is ${show(harts)}. Give a whole number from 1 to ${maxHarts}.`,
    );
  }
  if (preempt !== undefined && typeof preempt !== 'boolean' && !isWithin(preempt, shortestQuantum, longestQuantum)) {
    throw new SetupError(
      'ERR_HARTS_OPTION',
      `preempt of runtime.configure is ${show(preempt)}. ` +
        `Give true, false, or milliseconds from ${shortestQuantum} to ${longestQuantum}.`,
    );
  }
  const quantum = typeof preempt === 'boolean' ? (preempt ? defaultQuantum : 0) : preempt;
  return { harts: harts as number | undefined, quantum: quantum as number | undefined };
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}
