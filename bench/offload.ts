import type { Benchmark } from './harness/instrument.js';
import { openNativeProgram } from './harness/native_program.js';

/** Unmodified code that blocks, on one hart; native/lithe/src/offload_bench.cc. */
export const offload: Benchmark = {
  name: 'offload',
  what: 'how many unmodified sleepers share one hart',
  rounds: 10,
  open: () => openNativeProgram('offload', { env: { HARTS: '1' } }),
};
