export { job, type ParallelOptions, type UntilOptions } from './builders.js';
export type {
  AnyKernel,
  ForEachNode,
  JobNode,
  ParallelNode,
  RepeatNode,
  SchedulerName,
  SequenceNode,
  UntilNode,
} from './node_types.js';
