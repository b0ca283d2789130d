import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runChild } from '../../scripts/setup/child.mjs';

test('gives_the_exit_code_and_the_output_of_both_streams', async () => {
  const { code, output } = await runChild('sh', ['-c', 'echo out; echo err >&2; exit 3']);
  expect(code).toBe(3);
  expect(output.split('\n').sort()).toEqual(['', 'err', 'out']);
});

test('a_program_that_does_not_exist_gives_127', async () => {
  const { code, output } = await runChild('harts-no-such-program', []);
  expect(code).toBe(127);
  expect(output).toContain('harts-no-such-program');
});

test('a_deadline_ends_the_program_and_what_it_started', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'harts-child-'));
  const pidFile = join(directory, 'pid');
  try {
    const result = await runChild('sh', ['-c', `sleep 100 & echo $! > ${pidFile}; wait`], { deadlineMs: 1000 });
    expect(result.timedOut).toBe(true);
    const pid = readFileSync(pidFile, 'utf8').trim();
    // Gone, or a zombie that nobody has reaped yet.
    const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] : 'Z';
    expect(state).toBe('Z');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('does_not_wait_for_something_left_behind_that_holds_the_output', async () => {
  const begin = performance.now();
  const { code } = await runChild('sh', ['-c', 'setsid sleep 8 & exit 0']);
  expect(code).toBe(0);
  expect(performance.now() - begin).toBeLessThan(7_000);
});
