import { JobError } from '../errors.js';
import { checkStillAttached } from '../jobs/buffers.js';
import type { LoweredJob } from '../jobs/lower.js';
import type { NativeBinding, PlanResult } from '../native/load.js';
import { type JobReport, progressPeriod, type RunOptions } from './options.js';

/**
 * Runs a lowered job on harts and settles when it has given all of them back. The arrays are in use until then, so an
 * abort too is reported only when the job has stopped.
 */
export async function runNative(binding: NativeBinding, lowered: LoweredJob, options: RunOptions): Promise<JobReport> {
  const { signal, onProgress } = options;
  const { promise, done } = settledByNative();
  const id = start(binding, lowered, done);
  const stop = () => binding.abortJob(id);
  let thrown: { error: unknown } | undefined;
  const report = (iterations: number) => {
    try {
      if (thrown === undefined) onProgress?.({ iterations, total: lowered.total });
    } catch (error) {
      thrown = { error };
      stop();
    }
  };
  // The job itself keeps the process alive, the timer does not.
  const timer = onProgress && setInterval(() => report(binding.jobIterations(id)), progressPeriod).unref();
  signal?.addEventListener('abort', stop, { once: true });
  const result = await promise;
  // From here on in the asynchronous context of the caller; the native callback has none.
  signal?.removeEventListener('abort', stop);
  clearInterval(timer);
  if (result.outcome === 0) report(result.iterations);
  if (thrown !== undefined) throw thrown.error;
  return finish(lowered, result, signal);
}

function start(binding: NativeBinding, lowered: LoweredJob, done: (result: PlanResult) => void): number {
  try {
    return binding.runPlan(lowered.plan, done);
  } catch (cause) {
    const { code = 'ERR_HARTS_JOB_START', message } = cause as Error & { code?: string };
    throw new JobError(code, `The job could not be started: ${message}. Free memory or threads, then run it again.`, {
      cause,
    });
  }
}

function settledByNative(): { promise: Promise<PlanResult>; done: (result: PlanResult) => void } {
  let done!: (result: PlanResult) => void;
  const promise = new Promise<PlanResult>((resolve) => {
    done = resolve;
  });
  return { promise, done };
}

/** The same with the calling thread as the job's first hart. */
export function runNativeSync(binding: NativeBinding, lowered: LoweredJob): JobReport {
  return finish(lowered, binding.runPlanSync(lowered.plan), undefined);
}

function finish(lowered: LoweredJob, result: PlanResult, signal: AbortSignal | undefined): JobReport {
  if (result.outcome === 1) throw signal?.reason;
  if (result.outcome === 2) {
    throw new JobError(
      'ERR_HARTS_JOB_FAILED',
      `The job could not run to its end: ${result.problem}. Free memory or threads, then run it again.`,
    );
  }
  for (const use of lowered.buffers) checkStillAttached(use);
  return { native: true, iterations: result.iterations };
}
