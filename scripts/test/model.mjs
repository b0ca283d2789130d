// The Promela models in native/lithe/model, searched exhaustively by spin. A model says in its head what is run:
//
//   // check: HARTS=2                        must be free of errors with these definitions
//   // broken: BREAK_X HARTS=1 -> deadlock   must have this error, or the model would not notice what X protects from
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChild, tail } from '../setup/child.mjs';

/**
 * @typedef {'none' | 'assertion' | 'deadlock'} Fault
 *
 * @typedef {object} Run
 * @property {string[]} definitions
 * @property {Fault} expected
 *
 * @typedef {object} Verdict
 * @property {boolean} isComplete   the whole state space was searched, or an error was found
 * @property {Fault | 'other'} fault
 * @property {number} states
 * @property {number} depth
 */

/** @type {Readonly<Record<Fault | 'other', string>>} */
const faultNames = {
  none: 'no error',
  assertion: 'assertion',
  deadlock: 'deadlock',
  other: 'an error of another kind',
};

/** Each may take `megabytes`. */
const mostAtOnce = 4;

const limits = { depth: 1_000_000, megabytes: 2048, seconds: 60 };

/**
 * @param {string} text of a model
 * @returns {Run[]}
 * @throws {Error} for a head that cannot be understood, or lacks a sound or a broken run
 */
export function runsOf(text) {
  /** @type {Run[]} */
  const runs = [];
  for (const [, kind, rest = ''] of text.matchAll(/^\/\/ (check|broken):(.*)$/gm)) {
    const [words = '', fault] = rest.split('->').map((part) => part.trim());
    const definitions = words.split(/\s+/).filter((word) => word !== '');
    if (kind === 'check' && fault === undefined) runs.push({ definitions, expected: 'none' });
    else if (kind === 'broken' && (fault === 'assertion' || fault === 'deadlock'))
      runs.push({ definitions, expected: fault });
    else
      throw new Error(`Cannot understand "// ${kind}:${rest}": a broken run ends in "-> assertion" or "-> deadlock".`);
  }
  for (const kind of [true, false])
    if (!runs.some(({ expected }) => (expected === 'none') === kind))
      throw new Error(`The model has no line "// ${kind ? 'check' : 'broken'}:".`);
  const tried = new Set(runs.flatMap(({ definitions }) => definitions));
  for (const [name] of text.matchAll(/\bBREAK_\w+/g))
    if (!tried.has(name)) throw new Error(`The model has ${name}, and no line "// broken: ${name}".`);
  return runs;
}

/** @param {string} output of pan @returns {Verdict} */
export function readVerdict(output) {
  const number = (/** @type {RegExp} */ pattern) => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  const errors = number(/errors: (\d+)/);
  const isCut = /max search depth too small|out of memory|reached -DMEMLIM|hash array|truncated/i.test(output);
  /** @type {Verdict['fault']} */
  let fault = 'other';
  if (errors === 0) fault = 'none';
  else if (/pan:\d+: assertion violated/.test(output)) fault = 'assertion';
  else if (/pan:\d+: invalid end state/.test(output)) fault = 'deadlock';
  const isSearched = errors === 0 ? !isCut && !/Search not completed/.test(output) : errors > 0;
  return {
    isComplete: isSearched,
    fault,
    states: number(/(\d+) states, stored/),
    depth: number(/depth reached (\d+)/),
  };
}

/**
 * @param {string} root
 * @param {string} file
 * @param {Run} run
 * @param {string} directory for what spin and the compiler write
 * @returns {Promise<{ passed: boolean, line: string, output: string }>}
 */
async function search(root, file, run, directory) {
  const begin = performance.now();
  const steps = [
    ['spin', '-a', ...run.definitions.map((word) => `-D${word}`), join(root, 'native/lithe/model', file)],
    ['gcc', '-O2', '-w', '-DSAFETY', '-DCOLLAPSE', `-DMEMLIM=${limits.megabytes}`, '-o', 'pan', 'pan.c'],
    [join(directory, 'pan'), `-m${limits.depth}`],
  ];
  const name = [file.replace(/\.pml$/, ''), ...run.definitions].join(' ');
  let output = '';
  for (const [command = '', ...args] of steps) {
    const ended = await runChild(command, args, { cwd: directory, deadlineMs: limits.seconds * 1000 });
    output = ended.output;
    // pan's exit code does not say whether it found an error.
    if (ended.timedOut || (ended.code !== 0 && !/errors: \d+/.test(output))) {
      return { passed: false, line: `${name}: ${ended.timedOut ? 'not over in time' : `${command} failed`}`, output };
    }
  }
  const { isComplete, fault, states, depth } = readVerdict(output);
  const passed = isComplete && fault === run.expected;
  const found = isComplete ? faultNames[fault] : 'not exhaustive';
  const wanted = passed ? '' : `, expected ${run.expected === 'none' ? 'no error' : run.expected}`;
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  return { passed, line: `${name}: ${found}${wanted}; ${states} states, depth ${depth}, ${seconds} s`, output };
}

/**
 * @param {import('./suites.mjs').Context} context
 * @returns {Promise<import('./suites.mjs').Outcome>}
 */
export async function testModels({ root, progress }) {
  const folder = join(root, 'native/lithe/model');
  const left = readdirSync(folder)
    .filter((file) => file.endsWith('.pml'))
    .sort()
    .flatMap((file) => runsOf(readFileSync(join(folder, file), 'utf8')).map((run) => ({ file, run })));
  let passed = 0;
  let failed = 0;
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      progress.sayRarely(`model ${next.file}`);
      const directory = mkdtempSync(join(tmpdir(), 'harts-model-'));
      try {
        const result = await search(root, next.file, next.run, directory);
        if (result.passed) passed += 1;
        else failed += 1;
        console.log(`${result.passed ? 'passed' : 'FAILED'}  ${result.line}`);
        if (!result.passed) console.log(tail(result.output));
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), mostAtOnce) }, work));
  return { passed, failed: passed + failed === 0 ? 1 : failed };
}
