import type { Benchmark } from './harness/instrument.js';
import { openNativeProgram } from './harness/native_program.js';

/** Contexts that block in the kernel or spin, and the price of noticing; native/lithe/src/monitor_bench.cc. */
export const monitor: Benchmark = {
  name: 'monitor',
  what: 'how long contexts that block or spin keep the only hart from another',
  rounds: 10,
  open: () => openNativeProgram('monitor', { env: { HARTS: '1' } }),
};
