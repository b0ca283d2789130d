import { SetupError } from '../errors.js';
import { checkBuffer } from '../jobs/buffers.js';
import { type LoweredJob, lower, type PlainJob } from '../jobs/lower.js';
import type { JobNode } from '../jobs/node_types.js';
import { checkNode } from '../jobs/validate.js';
import { hasNative, native, type RuntimeStats, type Topology } from '../native/load.js';
import {
  checkRunOptions,
  checkRuntimeOptions,
  type JobReport,
  type RunOptions,
  type RuntimeOptions,
} from './options.js';
import { runNative, runNativeSync } from './run_native.js';
import { runPlain, runPlainSync } from './run_plain.js';
import { emptyStats } from './stats.js';
import { Trace } from './trace.js';

/**
 * The harts of this process: one allocator for every job, every worker and every OpenMP library.
 *
 * Nothing starts before the first use, and nothing keeps the process alive while no job runs. All instances, on all
 * threads, are faces of the same runtime; {@link runtime} is the one to use.
 */
export class Runtime {
  /** Plans of jobs that have run natively before. A node is immutable, so its plan stays right. */
  private readonly lowered = new WeakMap<JobNode, LoweredJob>();

  /** What each hart did and when: for ui.perfetto.dev. Of the whole process, like everything here. */
  readonly trace = new Trace(() => this.topology());

  /**
   * Sets options of the whole process, at any time.
   *
   * @throws SetupError `ERR_HARTS_OPTION` for a value that an option cannot have, `ERR_HARTS_NO_MONITOR` for `preempt`
   *   with `HARTS_MONITOR=0` in the environment, `ERR_HARTS_TOPOLOGY` when the machine cannot be read,
   *   `ERR_HARTS_NATIVE_*` without the native core. Nothing has been changed then.
   */
  configure(options: RuntimeOptions): void {
    const { harts, quantum } = checkRuntimeOptions(options);
    if (quantum !== undefined && !this.machine(() => native().setPreemption(quantum))) {
      throw new SetupError(
        'ERR_HARTS_NO_MONITOR',
        'runtime.configure({ preempt }) needs the monitor, which HARTS_MONITOR=0 has switched off. Unset HARTS_MONITOR.',
      );
    }
    if (harts !== undefined) this.machine(() => native().setHarts(harts));
  }

  /** How many harts are in use now: 1 where the native core is missing and everything runs in JS. */
  get harts(): number {
    return hasNative() ? this.machine(() => native().hartLimit()) : 1;
  }

  /**
   * The machine, as far as this process may use it.
   *
   * @throws SetupError `ERR_HARTS_NATIVE_*` without the native core, `ERR_HARTS_TOPOLOGY` when the machine cannot be
   *   read, or `HARTS`, `HARTS_VIRTUAL`, `HARTS_SMT` or `HARTS_TOPOLOGY` has a value that it cannot have; the message
   *   says which.
   */
  topology(): Topology {
    return this.machine(() => native().topology());
  }

  /** What the runtime has done so far, in the whole process; never starts it. */
  stats(): RuntimeStats {
    return hasNative() ? native().stats() : emptyStats;
  }

  /**
   * Runs a job on harts, beside the event loop; where one of its kernels has no native code, in JS on this thread, with
   * the same results. Any number of jobs may run at once and share the harts.
   *
   * @returns what the job did, when it has ended and given every hart back.
   * @throws `signal.reason` after an abort; what a plain kernel or `onProgress` threw; JobError `ERR_HARTS_JOB_*`;
   *   SetupError `ERR_HARTS_TOPOLOGY` as `topology()` does.
   */
  async run(node: JobNode, options?: RunOptions): Promise<JobReport> {
    const checked = checkRunOptions(options);
    checked.signal?.throwIfAborted();
    const job = this.lower(node);
    return 'plan' in job ? runNative(native(), job, checked) : runPlain(node, job, checked);
  }

  /**
   * Runs a job with the calling thread as its first hart; returns when it has ended. The event loop stands still
   * meanwhile, so only a kernel, or another thread through a shared flag, can end a `job.until`.
   *
   * @throws what a plain kernel threw; JobError `ERR_HARTS_JOB_*`; SetupError `ERR_HARTS_TOPOLOGY` as `topology()` does.
   */
  runSync(node: JobNode): JobReport {
    const job = this.lower(node);
    return 'plan' in job ? runNativeSync(native(), job) : runPlainSync(node, job);
  }

  /** Calls into the native core what needs the machine to be read. */
  private machine<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof SetupError) throw error;
      throw new SetupError('ERR_HARTS_TOPOLOGY', (error as Error).message, { cause: error });
    }
  }

  private lower(node: JobNode): LoweredJob | PlainJob {
    const known = this.lowered.get(node);
    if (known !== undefined) {
      for (const use of known.buffers) checkBuffer(use);
      return known;
    }
    const job = lower(checkNode('The job', node), hasNative());
    if ('plan' in job) {
      this.topology(); // a machine that cannot be used is named as such, before anything is started
      this.lowered.set(node, job);
    }
    return job;
  }
}

/** The runtime of this process. */
export const runtime = new Runtime();
