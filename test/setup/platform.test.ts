import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkPlatform } from '../../scripts/setup/platform.mjs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'harts-platform-'));
  mkdirSync(join(root, 'native/lithe/src'), { recursive: true });
  writeFileSync(join(root, 'native/lithe/src/switch_x86_64.S'), '');
});
afterEach(() => rmSync(root, { recursive: true }));

test('accepts_linux_on_a_processor_with_a_context_switch', () => {
  expect(() => checkPlatform(root, 'linux', 'x64')).not.toThrow();
});

test('refuses_another_system_in_one_sentence', () => {
  expect(() => checkPlatform(root, 'darwin', 'x64')).toThrow(/^harts runs on Linux only, and this is darwin; [^.]*\.$/);
});

test('refuses_another_processor_and_names_those_that_work', () => {
  expect(() => checkPlatform(root, 'linux', 'arm64')).toThrow(
    /no context switch for aarch64 processors yet; it runs on x86_64 /,
  );
});
