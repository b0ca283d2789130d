import type { Benchmark } from './harness/instrument.js';
import { openNativeProgram } from './harness/native_program.js';

/** Synchronisation objects beside pthreads and Boost.Fiber; native/lithe/src/sync_bench.cc. */
export const sync: Benchmark = {
  name: 'sync',
  what: 'what the synchronisation objects cost, alone and shared by 2, 4 and 16',
  rounds: 20,
  open: () => openNativeProgram('sync', { env: { HARTS: process.env.HARTS ?? '2' } }),
};
