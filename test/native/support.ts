import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';
import { withSetupLock } from '../../scripts/setup/lock.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A directory that is removed when the tests of the file are over. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'harts-native-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Runs a program to its end and returns what it printed; fails with all of its output when it fails. */
export function output(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = root): string {
  const child = spawnSync(command, args, { cwd, env: { ...process.env, ...env }, encoding: 'utf8', timeout: 600_000 });
  const all = `${command} ${args.join(' ')}\n${child.error ?? ''}${child.stdout}${child.stderr}`;
  expect(child.status, all).toBe(0);
  return child.stdout;
}

/**
 * Makes `targets` with build/plain, the flavour that the native tests build too, after what is stale of it. Test files
 * run at the same time, so each waits for the other's make.
 */
export function make(...targets: string[]): Promise<string> {
  const args = ['-C', 'native', '-j', String(availableParallelism()), 'OUT=../build/plain', ...targets];
  return withSetupLock(
    root,
    () => {},
    async () => output('make', args),
  );
}
