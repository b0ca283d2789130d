import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { nativeSources } from '../../scripts/native_sources.mjs';
import { listFiles } from '../../scripts/setup/stale.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const lists = nativeSources(root);
const listed = Object.values(lists).flat();
const onDisk = listFiles(root, ['native']);

test('has_the_lists_that_the_builds_read', () => {
  expect(Object.keys(lists).sort()).toEqual([
    'addon_sources',
    'fork_join_sources',
    'lithe_sources',
    'native_bench_sources',
    'native_fault_sources',
    'native_test_sources',
    'openmp_sources',
    'switch_aarch64_sources',
    'switch_x86_64_sources',
  ]);
});

test('names_only_files_that_exist', () => {
  expect(listed.filter((file) => !onDisk.includes(file))).toEqual([]);
});

test('names_every_compiled_file_under_native', () => {
  // Tests compile what is in programs/ and examples/ themselves, as a user would.
  const compiled = onDisk.filter((file) => /\.(c|cc|S)$/.test(file) && !/\/(programs|examples)\//.test(file));
  expect(compiled.filter((file) => !listed.includes(file))).toEqual([]);
});

test.each(Object.entries(lists))('%s_names_no_file_twice', (_name, list) => {
  expect(list).toEqual([...new Set(list)]);
});

test('links_no_tests_and_benches_into_what_users_load', () => {
  const shipped = ['lithe_sources', 'fork_join_sources', 'openmp_sources', 'addon_sources'];
  expect(shipped.flatMap((name) => lists[name]).filter((file) => /_(test|bench)\.cc$/.test(file ?? ''))).toEqual([]);
});

test('has_at_most_one_bench_program_of_a_name', () => {
  const names = (lists.native_bench_sources ?? []).map((file) => file.split('/').at(-1));
  expect(new Set(names).size).toBe(names.length);
});

test('marks_no_assembly_file_as_needing_an_executable_stack', () => {
  for (const file of listed.filter((name) => name.endsWith('.S'))) {
    expect(readFileSync(join(root, file), 'utf8'), file).toMatch(/\.section\s+\.note\.GNU-stack/);
  }
});
