import type { Benchmark } from './harness/instrument.js';
import { openNativeProgram } from './harness/native_program.js';

/** Contexts, schedulers and harts beside pthreads and Boost.Context; native/lithe/src/context_bench.cc. */
export const context: Benchmark = {
  name: 'context',
  what: 'what a context switch, a context, a scheduler and a request for a hart cost',
  rounds: 60,
  // Two harts: the one that is measured and the one that it asks for. More would only differ in where they are.
  open: () => openNativeProgram('context', { env: { HARTS: process.env.HARTS ?? '2' } }),
};
