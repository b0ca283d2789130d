import { JobError } from '../errors.js';
import type { Kernel } from '../jit/call.js';
import type {
  ForEachNode,
  JobNode,
  ParallelNode,
  RepeatNode,
  SchedulerName,
  SequenceNode,
  UntilNode,
} from './node_types.js';
import { checkCount, checkFlag, checkKernel, checkNode, checkNodes, checkOptions, show } from './validate.js';

/** The most iterations of one `forEach`. */
const maxForEachCount = 2 ** 31 - 1;
const schedulers: readonly SchedulerName[] = ['fork_join'];

/** Options of {@link job.parallel}. */
export interface ParallelOptions {
  /** Who runs the branches; default `'fork_join'`: per-hart queues with stealing. */
  scheduler?: SchedulerName;
}

/** Options of {@link job.until}. */
export interface UntilOptions {
  /** The most passes; the loop then ends quietly, with the flag still 0. Default: no limit. */
  max?: number;
}

function sequence(...nodes: JobNode[]): SequenceNode {
  return Object.freeze({ kind: 'sequence', children: checkNodes('job.sequence', nodes) });
}

function parallel(nodes: readonly JobNode[], options?: ParallelOptions): ParallelNode {
  if (!Array.isArray(nodes)) {
    throw new JobError(
      'ERR_HARTS_JOB_NODE',
      `The branches of job.parallel are ${show(nodes)}. Give an array of nodes: job.parallel([a, b]).`,
    );
  }
  const { scheduler = 'fork_join' } = checkOptions('job.parallel', options, ['scheduler']);
  if (!schedulers.includes(scheduler as SchedulerName)) {
    throw new JobError(
      'ERR_HARTS_JOB_SCHEDULER',
      `The scheduler of job.parallel is ${show(scheduler)}. Known schedulers: ${schedulers.join(', ')}.`,
    );
  }
  return Object.freeze({
    kind: 'parallel',
    children: checkNodes('job.parallel', nodes),
    scheduler: scheduler as SchedulerName,
  });
}

function forEach<A extends unknown[]>(
  count: number,
  kernel: Kernel<[index: number, ...A], unknown>,
  ...args: A
): ForEachNode {
  return Object.freeze({
    kind: 'forEach',
    count: checkCount('The count of job.forEach', count, 0, maxForEachCount),
    kernel: checkKernel('The second argument of job.forEach', kernel),
    args: Object.freeze(args),
  });
}

function repeat(count: number, node: JobNode): RepeatNode {
  return Object.freeze({
    kind: 'repeat',
    count: checkCount('The count of job.repeat', count, 0, Number.MAX_SAFE_INTEGER),
    child: checkNode('The second argument of job.repeat', node),
  });
}

function until(flag: Int32Array, node: JobNode, options?: UntilOptions): UntilNode {
  const { max } = checkOptions('job.until', options, ['max']);
  return Object.freeze({
    kind: 'until',
    flag: checkFlag('The flag of job.until', flag),
    max: max === undefined ? undefined : checkCount('The max of job.until', max, 1, Number.MAX_SAFE_INTEGER),
    child: checkNode('The second argument of job.until', node),
  });
}

/**
 * Builds jobs: trees of kernel calls that run natively from end to end, without a crossing into JS at any step.
 *
 * A node is immutable. Arrays are taken by reference and must stay as they are (neither detached nor resized) while the
 * job runs; numbers are taken by value when the node is made. What runs at the same time must not write to what the
 * others read: then the result is the same for any number of harts.
 *
 * Every builder throws `JobError`, code `ERR_HARTS_JOB_*`, naming the value that it cannot take.
 */
export const job = Object.freeze({
  /** `job.sequence(a, b, ...)`: one after the other. */
  sequence,
  /**
   * `job.parallel([a, b, ...])`: all at once, as far as harts go; ends when all have ended. Branches may wait for each
   * other's flags with `job.until` (up to 256 branches); on one hart they take turns.
   */
  parallel,
  /**
   * `job.forEach(count, kernel, ...args)`: `kernel(i, ...args)` for i from 0 to count-1, in any order and at once.
   * The kernel's first parameter is the index.
   */
  forEach,
  /** `job.repeat(n, node)`: n times, natively. */
  repeat,
  /**
   * `job.until(flag, node, {max})`: at least once, and again until `flag[0]` is not 0 after a pass. A kernel of the
   * node may set the flag, or, with a flag in a SharedArrayBuffer, any thread.
   */
  until,
});
