// The program lithe_faults (native/testing/faults/): each call of the runtime to the system fails in turn.
import { availableParallelism } from 'node:os';
import { runChild } from '../setup/child.mjs';
import { faultFailures } from './failures.mjs';
import { buildNative, sanitizers } from './native.mjs';

const deadlineMs = 9 * 60_000;

/**
 * @param {object} plan
 * @param {'plain' | 'asan'} [plan.flavour]
 * @param {readonly string[]} [plan.args] of the program, to run a part of it
 * @returns {import('./native.mjs').Run}
 */
export function testFaults({ flavour = 'plain', args = [] }) {
  return async (context) => {
    const { sanitize, options } = sanitizers[flavour];
    const binary = await buildNative(context, flavour, sanitize, 'fault-binary', 'lithe_faults');
    if (binary === undefined) return { passed: 0, failed: 1 };
    // Each mostly waits, for its children and these for each other. What a list or a name picks is not worth a division.
    const parts = args.includes('--list') || args.includes('--scenario') ? 1 : 2 * availableParallelism();
    const runs = Array.from({ length: parts }, async (_, index) => {
      const part = ['--part', `${index + 1}/${parts}`];
      const ended = await runChild(binary, [...part, ...args], {
        cwd: context.root,
        env: { ...process.env, ...options },
        echo: true,
        deadlineMs,
      });
      if (ended.timedOut) console.log('faults: ended at its deadline');
      const counts = faultCounts(ended);
      return { ...counts, failures: counts.failed > 0 ? faultFailures(ended.output) : [] };
    });
    const counts = await Promise.all(runs);
    return {
      passed: counts.reduce((sum, { passed }) => sum + passed, 0),
      failed: counts.reduce((sum, { failed }) => sum + failed, 0),
      failures: counts.flatMap(({ failures }) => failures),
    };
  };
}

/**
 * @param {import('./counts.mjs').Ended} ended
 * @returns {import('./counts.mjs').Counts}
 */
function faultCounts({ code, output }) {
  const [, passed, failed] = /(\d+) passed, (\d+) failed\n$/.exec(output) ?? [];
  const counts = { passed: Number(passed ?? 0), failed: Number(failed ?? 0) };
  return code === 0 && passed !== undefined ? counts : { ...counts, failed: Math.max(1, counts.failed) };
}
