// Chaos: the native test program again and again, each time under another seed of LITHE_STRESS (native/lithe/src/stress.h)
// and another environment, over another slice of its cases in another order. All of that follows from the seed.
import { join } from 'node:path';
import { runChild, tail } from '../setup/child.mjs';
import { doctestCounts } from './counts.mjs';
import { doctestFailures } from './failures.mjs';

/** A seed runs one of so many slices of the cases. */
const slices = 8;

// What harts a process has, and what is on: by the seed.
/** @type {readonly Readonly<Record<string, string>>[]} */
const environments = [
  { HARTS: '1' },
  { HARTS: '2' },
  { HARTS_VIRTUAL: '3' },
  { HARTS_VIRTUAL: '16' },
  { HARTS: '1', HARTS_PREEMPT: '1' },
  { HARTS_VIRTUAL: '4', HARTS_PREEMPT: '1' },
  { HARTS_TOPOLOGY: 'package:2 l3:2 core:2 pu:1' },
  { HARTS: '2', HARTS_MONITOR: '0' },
];

/** Cases that start processes have settings of their own; see variants_test.cc. */
const selection = ['-tse=process'];

/**
 * @typedef {object} Round
 * @property {number} seed
 * @property {Record<string, string>} environment
 * @property {string[]} args of the test program
 * @property {number} cases that it runs
 */

/**
 * @param {number} seed from 1
 * @param {number} cases how many the test program has in the selection
 * @returns {Round}
 */
export function roundOf(seed, cases) {
  const slice = seed % slices;
  // Not in step with the slices, so that in 64 seeds each slice meets each environment.
  const environment = environments[Math.floor(seed / slices) % environments.length] ?? {};
  const first = Math.floor((slice * cases) / slices) + 1;
  const last = Math.floor(((slice + 1) * cases) / slices);
  return {
    seed,
    environment: { ...environment, LITHE_STRESS: String(seed) },
    // The order is the same for all slices of a turn: together they are the whole suite.
    args: [...selection, '-ob=rand', `-rs=${Math.floor(seed / slices) + 1}`, `-f=${first}`, `-l=${last}`],
    cases: last - first + 1,
  };
}

/**
 * @param {import('./suites.mjs').Context} context
 * @param {string} binary
 * @param {{ rounds: number, from: number }} plan the first seed and how many
 * @returns {Promise<import('./suites.mjs').Outcome>} the cases of all rounds together
 */
export async function runChaos({ root, progress }, binary, { rounds, from }) {
  const counted = await runChild(binary, [...selection, '--count'], { cwd: root, deadlineMs: 60_000 });
  const cases = Number(
    /unskipped test cases passing the current filters: (\d+)/.exec(counted.output)?.[1] ?? Number.NaN,
  );
  if (!(cases > 0)) {
    console.log(`The test program does not count its cases:\n${tail(counted.output, 20)}`);
    return { passed: 0, failed: 1 };
  }
  const sum = { passed: 0, failed: 0, failures: /** @type {string[]} */ ([]) };
  for (let seed = from; seed < from + rounds; ++seed) {
    const round = roundOf(seed, cases);
    const ended = await runChild(binary, [...round.args, '--no-intro'], {
      cwd: root,
      env: { ...process.env, LITHE_TEST_DEADLINE: '40', ...round.environment },
      deadlineMs: 180_000,
    });
    // The program's own sum is of all cases that pass the filters, also of those outside the slice.
    const { failed } = doctestCounts(ended);
    sum.passed += Math.max(0, round.cases - failed);
    sum.failed += failed;
    if (failed > 0) {
      console.log(report(root, binary, round, ended));
      sum.failures.push(`seed ${seed}`, ...doctestFailures(ended.output));
    }
    progress.say(`chaos: seed ${seed}, ${seed - from + 1} of ${rounds}`);
  }
  console.log(`chaos: seeds ${from} to ${from + rounds - 1}, ${slices} for each turn through ${cases} cases`);
  return sum;
}

/**
 * @param {string} root
 * @param {string} binary
 * @param {Round} round
 * @param {import('../setup/child.mjs').ChildResult} ended
 */
function report(root, binary, { seed, environment, args }, ended) {
  const settings = Object.entries(environment).map(([name, value]) => `${name}='${value}'`);
  const command = [...settings, binary.replace(join(root, '/'), ''), ...args].join(' ');
  const how = ended.timedOut ? 'not over in time' : (ended.signal ?? `exit code ${ended.code}`);
  return `${tail(ended.output, 60)}\nchaos: seed ${seed} failed: ${how}. Again, as far as the kernel lets it be the same:
  npm run test:native -- --chaos-seed ${seed}
  ${command}\n`;
}
