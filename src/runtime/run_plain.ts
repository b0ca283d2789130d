import { setImmediate } from 'node:timers/promises';
import type { PlainJob } from '../jobs/lower.js';
import type { JobNode } from '../jobs/node_types.js';
import { type Progress, plainSteps } from '../jobs/plain.js';
import { type JobReport, progressPeriod, type RunOptions } from './options.js';

/** Milliseconds of work between two turns of the event loop. */
const sliceLength = 10;

/** Runs a job in JS on this thread; the event loop turns every 10 ms, as far as single kernels are shorter. */
export async function runPlain(node: JobNode, plain: PlainJob, options: RunOptions): Promise<JobReport> {
  const { signal, onProgress } = options;
  const progress: Progress = { iterations: 0 };
  const steps = plainSteps(node, progress);
  let sliceEnd = performance.now() + sliceLength;
  let nextReport = performance.now() + progressPeriod;
  while (!steps.next().done) {
    signal?.throwIfAborted();
    const now = performance.now();
    if (now < sliceEnd) continue;
    if (now >= nextReport) {
      onProgress?.({ iterations: progress.iterations, total: plain.total });
      nextReport = now + progressPeriod;
    }
    await setImmediate();
    signal?.throwIfAborted();
    sliceEnd = performance.now() + sliceLength;
  }
  onProgress?.({ iterations: progress.iterations, total: plain.total });
  return report(plain, progress);
}

/** The same without turns of the event loop. */
export function runPlainSync(node: JobNode, plain: PlainJob): JobReport {
  const progress: Progress = { iterations: 0 };
  const steps = plainSteps(node, progress);
  while (!steps.next().done);
  return report(plain, progress);
}

function report({ plainKernel }: PlainJob, { iterations }: Progress): JobReport {
  return plainKernel === undefined ? { native: false, iterations } : { native: false, iterations, plainKernel };
}
