// The native test program under Valgrind's memcheck: invalid accesses, uninitialised values, definite leaks.
import { runChild } from '../setup/child.mjs';
import { doctestCounts } from './counts.mjs';
import { doctestFailures } from './failures.mjs';

/** Cases that are left out, as doctest patterns, and why. @type {Readonly<Record<string, string>>} */
const beyondValgrind = {
  'identity: the rounding mode travels with the context': 'Valgrind computes in one rounding mode',
  'identity: the sticky floating-point flags travel with the context': 'and keeps no exception flags',
  'openmp process*': 'they start processes of their own, which Valgrind does not follow here',
};

const valgrind = [
  '--quiet',
  '--max-threads=5000', // a context is a thread
  '--fair-sched=yes', // the threads that poll must not keep the others from running
  '--leak-check=full',
  '--show-leak-kinds=definite',
  '--errors-for-leak-kinds=definite',
  '--error-exitcode=9',
];

/**
 * @param {import('./suites.mjs').Context} context
 * @param {string} binary the test program, plain
 * @returns {Promise<import('./suites.mjs').Outcome>}
 */
export async function runValgrind({ root }, binary) {
  for (const [name, reason] of Object.entries(beyondValgrind)) console.log(`valgrind: without "${name}": ${reason}`);
  const minutes = 8;
  const leftOut = Object.keys(beyondValgrind).join(',');
  const ended = await runChild('valgrind', [...valgrind, binary, '-tse=process', `-tce=${leftOut}`], {
    cwd: root,
    env: {
      ...process.env,
      LITHE_TEST_SLOW: '1',
      LITHE_TEST_DEADLINE: '120',
      LD_BIND_NOW: '1', // the linker's resolver saves registers below where Valgrind thinks that a new stack ends
      HARTS_MONITOR: '0', // threads that Valgrind lets wait for their turn look blocked
    },
    echo: true,
    deadlineMs: minutes * 60_000,
  });
  if (ended.timedOut) console.log('valgrind: ended at its deadline');
  const counts = doctestCounts(ended);
  return counts.failed > 0 ? { ...counts, failures: doctestFailures(ended.output) } : counts;
}
