import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runChild } from '../support/child.js';

const directory = mkdtempSync(join(tmpdir(), 'harts-test-'));
afterAll(() => rmSync(directory, { recursive: true }));

it.concurrent.each([
  { name: 'is not built', file: 'absent.node', code: 'ERR_HARTS_NATIVE_MISSING' },
  { name: 'cannot be loaded', file: 'broken.node', code: 'ERR_HARTS_NATIVE_LOAD' },
])('jobs run in JS when the native core $name, and the error names the way out', async ({ file, code }) => {
  const path = join(directory, file);
  if (file === 'broken.node') writeFileSync(path, 'not a shared object');
  const child = await runChild(new URL('children/without_native.ts', import.meta.url), { env: { HARTS_NATIVE: path } });
  expect(child.stderr).toBe('');
  const { message, ...rest } = JSON.parse(child.stdout);
  expect(rest).toEqual({ x: [4, 8, 12], report: { native: false, iterations: 2 }, harts: 1, stats: 0, code });
  expect(message).toContain(path);
  expect(message).toContain('npm run build:native');
});
