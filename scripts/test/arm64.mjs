// The native test program for arm64, in qemu's user-mode emulation. What that shows: the assembly, the system calls and
// the ABI. What it does not: memory orders. The emulator translates every load and store to one of this machine, and
// x86-64 reorders far less than arm64 may.
import { join } from 'node:path';
import { ensureArm64 } from '../setup/arm64.mjs';
import { runChild } from '../setup/child.mjs';
import { withSetupLock } from '../setup/lock.mjs';
import { makeNative } from '../setup/native_build.mjs';
import { SetupFailure } from '../setup/setup_error.mjs';
import { ensureSystemPackages } from '../setup/system_packages.mjs';
import { doctestCounts } from './counts.mjs';

/** Cases that the emulator cannot run, as doctest patterns, and why. @type {Readonly<Record<string, string>>} */
const beyondTheEmulator = {
  'fork: a child uses the runtime afresh':
    'qemu-user does not support fork in a process of several threads: threads of the child hang or trip its assertions',
  'openmp process: OpenMP works in a forked child': 'the same',
};

/**
 * Builds the test program for arm64 and runs it.
 *
 * @param {import('./suites.mjs').Context} context
 * @returns {Promise<import('./suites.mjs').Outcome>} skipped when this machine cannot have the tools
 */
export async function testArm64({ root, progress }) {
  if (process.arch === 'arm64') return skipped('this is an arm64 machine: the other native suites cover it');
  let arm64;
  try {
    arm64 = await withSetupLock(
      root,
      () => progress.say('waiting for another setup of this checkout to end'),
      async () => {
        await ensureSystemPackages(['build', 'test'], progress);
        return ensureArm64(root, progress);
      },
    );
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    console.log(error.message);
    return skipped(`${error.message.split('\n')[0]} \`npm run test:arm64\` says more.`);
  }
  try {
    await makeNative(root, 'arm64', ['SANITIZE=', ...arm64.make, 'test-binary'], progress);
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    console.log(error.message);
    return { passed: 0, failed: 1 };
  }
  for (const [name, reason] of Object.entries(beyondTheEmulator)) console.log(`arm64: without "${name}": ${reason}`);
  const leftOut = Object.keys(beyondTheEmulator);
  const minutes = 20;
  const [command, ...words] = arm64.runner;
  const program = [...words, join(root, 'build/arm64/lithe_test'), `-tce=${leftOut.join(',')}`];
  const ended = await runChild(/** @type {string} */ (command), program, {
    cwd: root,
    env: {
      ...process.env,
      LITHE_TEST_SLOW: '1',
      HARTS_MONITOR: '0', // It reads what threads are blocked in from /proc, which speaks of the emulator there.
      LITHE_TEST_DEADLINE: String(minutes * 30),
      LITHE_TEST_RUNNER: arm64.runner.join(' '),
      LITHE_TEST_CC: arm64.compiler,
    },
    echo: true,
    deadlineMs: minutes * 60_000,
  });
  if (ended.timedOut) console.log('arm64: ended at its deadline');
  else if (ended.signal !== null) console.log(`arm64: ended by ${ended.signal}`);
  return doctestCounts(ended);
}

/** @param {string} reason */
function skipped(reason) {
  return { passed: 0, failed: 0, skipped: reason };
}
