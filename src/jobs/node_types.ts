import type { Call, Kernel } from '../jit/call.js';

export type AnyKernel = Kernel<any, any>;

/** The scheduler that runs the branches of a `parallel`. */
export type SchedulerName = 'fork_join';

/** Children one after the other. */
export interface SequenceNode {
  readonly kind: 'sequence';
  readonly children: readonly JobNode[];
}

/** Children all at once, as far as harts go; ends when all have ended. */
export interface ParallelNode {
  readonly kind: 'parallel';
  readonly children: readonly JobNode[];
  readonly scheduler: SchedulerName;
}

/** `kernel(i, ...args)` for every i from 0 to count-1, in any order and at once as far as harts go. */
export interface ForEachNode {
  readonly kind: 'forEach';
  readonly count: number;
  readonly kernel: AnyKernel;
  readonly args: readonly unknown[];
}

/** The child `count` times. */
export interface RepeatNode {
  readonly kind: 'repeat';
  readonly count: number;
  readonly child: JobNode;
}

/** The child until `flag[0]` is not 0 after a pass, or `max` passes are over. */
export interface UntilNode {
  readonly kind: 'until';
  readonly flag: Int32Array;
  readonly max: number | undefined;
  readonly child: JobNode;
}

/** A piece of work: immutable, may be run any number of times and be part of several jobs. */
export type JobNode = Call | SequenceNode | ParallelNode | ForEachNode | RepeatNode | UntilNode;
