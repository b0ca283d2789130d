import { JobError } from '../errors.js';
import { checkStillAttached } from '../jobs/buffers.js';
import type { LoweredJob } from '../jobs/lower.js';
import type { NativeBinding, PlanResult } from '../native/load.js';
import { type JobReport, progressPeriod, type RunOptions } from './options.js';

/**
 * Runs a lowered job on harts and settles when it has given all of them back. The arrays are in use until then, so an
 * abort too is reported only when the job has stopped.
 */
export function runNative(binding: NativeBinding, lowered: LoweredJob, options: RunOptions): Promise<JobReport> {
  const { signal, onProgress } = options;
  return new Promise((resolve, reject) => {
    let thrown: { error: unknown } | undefined;
    let timer: NodeJS.Timeout | undefined;
    const stop = () => binding.abortJob(id);
    const report = (iterations: number) => {
      if (thrown !== undefined) return;
      try {
        onProgress?.({ iterations, total: lowered.total });
      } catch (error) {
        thrown = { error };
        stop();
      }
    };
    const id = binding.runPlan(lowered.plan, (result) => {
      clearInterval(timer);
      signal?.removeEventListener('abort', stop);
      try {
        if (result.outcome === 0) report(result.iterations);
        if (thrown !== undefined) throw thrown.error;
        resolve(finish(lowered, result, signal));
      } catch (error) {
        reject(error);
      }
    });
    signal?.addEventListener('abort', stop, { once: true });
    // The job itself keeps the process alive, the timer does not.
    if (onProgress !== undefined) timer = setInterval(() => report(binding.jobIterations(id)), progressPeriod).unref();
  });
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
