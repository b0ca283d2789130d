import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withSetupLock } from '../../scripts/setup/lock.mjs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'harts-lock-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Another process that takes the lock, says so, and keeps it until its stdin ends. */
async function owner(): Promise<ChildProcessByStdio<Writable, Readable, null>> {
  const lock = new URL('../../scripts/setup/lock.mjs', import.meta.url).href;
  const script = `
    import { withSetupLock } from ${JSON.stringify(lock)};
    await withSetupLock(${JSON.stringify(root)}, () => {}, async () => {
      console.log('locked');
      for await (const _ of process.stdin);
    });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

test('returns_what_the_work_returns_and_can_be_taken_again', async () => {
  expect(
    await withSetupLock(
      root,
      () => {},
      async () => 1,
    ),
  ).toBe(1);
  await expect(
    withSetupLock(
      root,
      () => {},
      () => Promise.reject(new Error('no')),
    ),
  ).rejects.toThrow('no');
  expect(
    await withSetupLock(
      root,
      () => {},
      async () => 2,
    ),
  ).toBe(2);
});

test.each([
  ['ends', (child: ChildProcessByStdio<Writable, Readable, null>) => child.stdin.end()],
  ['is_killed', (child: ChildProcessByStdio<Writable, Readable, null>) => child.kill('SIGKILL')],
])('waits_until_the_owner_%s', async (_how, end) => {
  const child = await owner();
  const exited = once(child, 'exit');
  let ownerIsThere = true;
  const ended = exited.then(() => {
    ownerIsThere = false;
  });
  let waits = 0;
  const worked = withSetupLock(
    root,
    () => {
      waits += 1;
      end(child);
    },
    async () => 'worked',
  );
  expect(await worked).toBe('worked');
  expect(waits).toBe(1);
  await ended;
  expect(ownerIsThere).toBe(false);
});

test('two_checkouts_do_not_wait_for_each_other', async () => {
  const other = mkdtempSync(join(tmpdir(), 'harts-lock-'));
  try {
    const inner = () =>
      withSetupLock(
        other,
        () => expect.fail('waited'),
        async () => 'both',
      );
    expect(await withSetupLock(root, () => expect.fail('waited'), inner)).toBe('both');
  } finally {
    rmSync(other, { recursive: true });
  }
});
