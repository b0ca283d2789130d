export type { HartPlace, HartStats, RuntimeStats, Topology } from '../native/load.js';
export type { JobProgress, JobReport, RunOptions, RuntimeOptions } from './options.js';
export { Runtime, runtime } from './runtime.js';
export type { ChromeTrace, Trace, TraceEvent, TraceOptions } from './trace.js';
