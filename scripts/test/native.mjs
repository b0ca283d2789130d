// The native test program, in each of its flavours.
import { join } from 'node:path';
import { runChild } from '../setup/child.mjs';
import { makeNative } from '../setup/native_build.mjs';
import { SetupFailure } from '../setup/setup_error.mjs';
import { runChaos } from './chaos.mjs';
import { doctestCounts } from './counts.mjs';
import { doctestFailures } from './failures.mjs';
import { runValgrind } from './valgrind.mjs';

/** @typedef {(context: import('./suites.mjs').Context) => Promise<import('./suites.mjs').Outcome>} Run */

const minute = 60_000;

/**
 * Builds a program in one flavour.
 *
 * @param {import('./suites.mjs').Context} context
 * @param {string} flavour directory under build/
 * @param {string} sanitize for native/Makefile
 * @param {string} target of native/Makefile
 * @param {string} program what it makes
 * @returns {Promise<string | undefined>} its path; undefined when it could not be built, which has been said then
 */
export async function buildNative({ root, progress }, flavour, sanitize, target, program) {
  try {
    await makeNative(root, flavour, [`SANITIZE=${sanitize}`, target], progress);
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    console.log(error.message);
    return undefined;
  }
  return join(root, 'build', flavour, program);
}

/**
 * Builds the test program in one flavour.
 *
 * @param {import('./suites.mjs').Context} context
 * @param {string} flavour directory under build/
 * @param {string} sanitize for native/Makefile
 */
export function buildTests(context, flavour, sanitize) {
  return buildNative(context, flavour, sanitize, 'test-binary', 'lithe_test');
}

/**
 * @param {keyof typeof sanitizers} flavour directory under build/
 * @param {{ args?: readonly string[], env?: NodeJS.ProcessEnv }} [choice] of cases, and variables for them
 * @returns {Run}
 */
export function native(flavour, { args = [], env: more = {} } = {}) {
  return async (context) => {
    const { sanitize, options } = sanitizers[flavour];
    const binary = await buildTests(context, flavour, sanitize);
    if (binary === undefined) return { passed: 0, failed: 1 };
    const env = { ...process.env, ...options, ...more };
    const command = [...(await fixedAddresses(binary, env, sanitize)), binary, ...args];
    const ended = await runChild(/** @type {string} */ (command[0]), command.slice(1), {
      cwd: context.root,
      env,
      echo: true,
      deadlineMs: 8 * minute,
    });
    if (ended.timedOut) console.log(`native, ${flavour}: ended at its deadline`);
    else if (ended.signal !== null) console.log(`native, ${flavour}: ended by ${ended.signal}`);
    const counts = doctestCounts(ended);
    return counts.failed > 0 ? { ...counts, failures: doctestFailures(ended.output) } : counts;
  };
}

/**
 * ThreadSanitizer's memory map has no room for the addresses that kernels with more random bits hand out; without
 * randomisation it always fits.
 *
 * @param {string} binary
 * @param {NodeJS.ProcessEnv} env
 * @param {string} sanitize
 * @returns {Promise<string[]>} the words to put before the program
 */
async function fixedAddresses(binary, env, sanitize) {
  if (sanitize !== 'thread') return [];
  const { code, output } = await runChild(binary, ['--count'], { env, deadlineMs: minute });
  return code !== 0 && /unexpected memory mapping/.test(output) ? ['setarch', '-R'] : [];
}

/**
 * @param {(context: import('./suites.mjs').Context, binary: string) => Promise<import('./suites.mjs').Outcome>} run
 * @returns {Run}
 */
function onPlain(run) {
  return async (context) => {
    const binary = await buildTests(context, 'plain', '');
    return binary === undefined ? { passed: 0, failed: 1 } : run(context, binary);
  };
}

/** For native/Makefile, and the environment of the sanitizer's runtime. */
export const sanitizers = {
  plain: { sanitize: '', options: {} },
  asan: {
    sanitize: 'address,undefined',
    options: {
      ASAN_OPTIONS: 'detect_leaks=1:detect_stack_use_after_return=0',
      UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    },
  },
  tsan: { sanitize: 'thread', options: { TSAN_OPTIONS: 'second_deadlock_stack=1:halt_on_error=0' } },
};

/** All cases, once. */
export const nativeFlavours = {
  plain: native('plain'),
  asan: native('asan'),
  tsan: native('tsan'),
  valgrind: onPlain(runValgrind),
};

/**
 * @param {{ rounds: number, from: number }} plan
 * @returns {Run}
 */
export function testChaos(plan) {
  return onPlain((context, binary) => runChaos(context, binary, plan));
}
