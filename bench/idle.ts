import type { Benchmark } from './harness/instrument.js';
import { openNativeProgram } from './harness/native_program.js';
import { sideBySide, type Variant } from './harness/side_by_side.js';

/** A policy for idle harts: a value of HARTS_SPIN. */
const policy = (name: string, what: string, spin: string): Variant => ({
  contender: { name, what },
  open: () => openNativeProgram('idle', { env: { HARTS: '2', HARTS_VIRTUAL: '', HARTS_SPIN: spin } }),
});

/** How soon an idle hart is there, and what it costs until then; native/lithe/src/idle_bench.cc. */
export const idle: Benchmark = {
  name: 'idle',
  what: 'how soon an idle hart is there and what its waiting costs, by how long it spins before it sleeps',
  rounds: 5,
  open: () =>
    sideBySide([
      policy('sleep', 'not at all', 'fixed:0'),
      policy('adaptive', 'as long as would have been best for the last waits', ''),
      policy('spin_20', '20 us', 'fixed:20'),
      policy('spin_50', '50 us', 'fixed:50'),
      policy('spin_1000', '1 ms', 'fixed:1000'),
    ]),
};
