import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProgress } from '../../scripts/setup/progress.mjs';
import {
  ensureSystemPackages,
  type Machine,
  missingRequirements,
  packagesFor,
  realMachine,
} from '../../scripts/setup/system_packages.mjs';

const silent = createProgress({ write: () => true });

/** A machine on which only `programs` exist and nothing compiles until apt-get has installed the packages. */
function bareMachine(options: { programs: string[]; isRoot?: boolean; sudo?: boolean; freshLists?: boolean }) {
  const commands: string[] = [];
  let listsAreFresh = options.freshLists ?? true;
  let installed = false;
  const machine: Machine = {
    has: (command) => installed || options.programs.includes(command),
    compiles: async () => installed,
    compilesC: async () => installed,
    isRoot: options.isRoot ?? false,
    run: async (command, args) => {
      const line = [command, ...args].join(' ');
      commands.push(line);
      if (line === 'sudo -n true') return { code: options.sudo ? 0 : 1, output: '' };
      if (/apt-get .*update/.test(line)) listsAreFresh = true;
      if (/apt-get .*install/.test(line)) {
        if (!listsAreFresh) return { code: 100, output: 'E: Unable to locate package libhwloc-dev' };
        installed = true;
      }
      return { code: 0, output: '' };
    },
  };
  return { machine, commands };
}

test('does_nothing_on_a_machine_that_has_everything', async () => {
  const { machine, commands } = bareMachine({
    programs: ['make', 'python3', 'spin', 'valgrind', 'apt-get', 'pkg-config', 'cmake', 'convert-im6.q16'],
    isRoot: true,
  });
  const complete: Machine = { ...machine, compiles: async () => true, compilesC: async () => true };
  await ensureSystemPackages(['build', 'test'], silent, complete);
  expect(commands).toEqual([]);
});

test('installs_what_is_missing_as_root_without_refreshing_usable_lists', async () => {
  const { machine, commands } = bareMachine({ programs: ['apt-get', 'make'], isRoot: true });
  await ensureSystemPackages(['build', 'test'], silent, machine);
  expect(commands).toHaveLength(1);
  expect(commands[0]).toMatch(/^env DEBIAN_FRONTEND=noninteractive apt-get .*install -y /);
  expect(commands[0]).toMatch(/ gcc g\+\+ python3 libhwloc-dev doctest-dev spin valgrind$/);
});

test('refreshes_the_package_lists_when_the_first_try_fails', async () => {
  const { machine, commands } = bareMachine({ programs: ['apt-get'], isRoot: true, freshLists: false });
  await ensureSystemPackages(['build'], silent, machine);
  expect(commands.map((line) => /(install|update)/.exec(line)?.[0])).toEqual(['install', 'update', 'install']);
});

test('uses_a_sudo_that_asks_for_no_password', async () => {
  const { machine, commands } = bareMachine({ programs: ['apt-get', 'sudo'], sudo: true });
  await ensureSystemPackages(['build'], silent, machine);
  expect(commands[1]).toMatch(/^sudo -n env DEBIAN_FRONTEND=noninteractive apt-get /);
});

test.each([
  ['sudo_wants_a_password', { programs: ['apt-get', 'sudo'], sudo: false }],
  ['there_is_no_sudo', { programs: ['apt-get'] }],
  ['there_is_no_apt', { programs: [], isRoot: true }],
])('prints_the_one_line_to_run_when_%s', async (_case, options) => {
  const { machine, commands } = bareMachine(options);
  await expect(ensureSystemPackages(['build'], silent, machine)).rejects.toThrow(
    /lacks: a C compiler, .*\n.*\n\n {2}sudo apt-get update && sudo apt-get install -y gcc g\+\+ make python3 libhwloc-dev\n$/,
  );
  expect(commands.filter((line) => /apt-get/.test(line))).toEqual([]);
});

test('says_why_apt_failed_and_what_is_still_missing', async () => {
  const { machine } = bareMachine({ programs: ['apt-get'], isRoot: true });
  const offline: Machine = { ...machine, run: async () => ({ code: 100, output: 'E: Temporary failure resolving' }) };
  await expect(ensureSystemPackages(['build'], silent, offline)).rejects.toThrow(
    /Temporary failure resolving(.|\n)*sudo apt-get install -y/,
  );
});

test('asks_for_test_and_bench_packages_only_for_tests_and_benches', async () => {
  const { machine } = bareMachine({ programs: [] });
  const wanted = async (...purposes: Parameters<typeof missingRequirements>[1]) =>
    packagesFor(await missingRequirements(machine, purposes));
  expect(await wanted('build')).not.toContain('doctest-dev');
  expect(await wanted('build', 'test')).toContain('doctest-dev');
  expect(await wanted('build', 'bench')).toContain('libboost-context-dev');
});

test.each([
  ['apt_cannot_install_it', { programs: ['make', 'python3', 'spin', 'valgrind', 'apt-get'], isRoot: true }, 1],
  ['there_is_no_apt', { programs: ['make', 'python3', 'spin', 'valgrind'], isRoot: true }, 0],
])('goes_on_without_an_optional_package_when_%s', async (_case, options, tries) => {
  const { machine, commands } = bareMachine({ ...options, freshLists: false });
  const said: string[] = [];
  const progress = createProgress({ write: (text) => said.push(text) });
  const lacking: Machine = { ...machine, compiles: async () => true, compilesC: async () => true };
  await ensureSystemPackages(['build', 'test'], progress, lacking);
  expect(commands.filter((line) => / install .*pkg-config cmake imagemagick$/.test(line))).toHaveLength(tries);
  expect(commands).toHaveLength(tries);
  expect(said.at(-1)).toContain('without pkg-config, cmake, imagemagick; tests that need it are skipped');
});

test('finds_nothing_on_an_empty_path_and_the_real_tools_on_the_real_one', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'harts-path-'));
  try {
    const nothing = await missingRequirements(realMachine({ PATH: empty }), ['build']);
    expect(packagesFor(nothing)).toEqual(['gcc', 'g++', 'make', 'python3', 'libhwloc-dev']);
    expect(await missingRequirements(realMachine(), ['build', 'test'])).toEqual([]);
  } finally {
    rmSync(empty, { recursive: true });
  }
});

test('a_setup_script_without_compilers_prints_the_line_and_exits_with_1', () => {
  const bin = mkdtempSync(join(tmpdir(), 'harts-path-'));
  try {
    symlinkSync(process.execPath, join(bin, 'node'));
    const script = `
      import { createProgress } from './scripts/setup/progress.mjs';
      import { ensureSystemPackages } from './scripts/setup/system_packages.mjs';
      import { runScript } from './scripts/setup/setup_error.mjs';
      await runScript(() => ensureSystemPackages(['build'], createProgress()));
    `;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      env: { PATH: bin },
      encoding: 'utf8',
    });
    expect(stderr).toContain('sudo apt-get install -y gcc g++ make python3 libhwloc-dev\n');
    expect(stderr).not.toMatch(/^\s+at /m); // no stack
    expect(status).toBe(1);
  } finally {
    rmSync(bin, { recursive: true });
  }
});
