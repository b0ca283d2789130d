import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { publicHeaders } from '../../scripts/docs/public_headers.mjs';
import { make, output, root, temporaryDirectory } from './support.js';

const directory = temporaryDirectory();
const examples = join(root, 'native/schedulers/examples');
// Installed in one place and used in another: nothing may depend on the prefix.
const staged = join(directory, 'staged');
const prefix = join(directory, 'moved');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

/** Files and links below a directory, relative to it, sorted. */
function filesBelow(top: string): string[] {
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(top.length + 1))
    .sort();
}

beforeAll(async () => {
  await make(`PREFIX=${staged}`, 'install');
  renameSync(staged, prefix);
}, 600_000);

// Debian's pkg-config and cmake; `npm test` installs them where that needs no password.
const has = (program: string) => {
  const found = spawnSync(program, ['--version']).status === 0;
  if (!found) console.warn(`${program} is not installed, so what needs it is not tested (apt-get install ${program})`);
  return found;
};
const pkgConfig = has('pkg-config');
const cmake = has('cmake');

/** Runs a line of shell as a user would type it, with pkg-config set up for the prefix. */
function shell(line: string): string {
  const env = { PKG_CONFIG_PATH: join(prefix, 'lib/pkgconfig'), examples, out: directory };
  return output('sh', ['-ec', line], env);
}

test('installs_libraries_headers_and_files_for_pkg_config_and_cmake', () => {
  expect(filesBelow(prefix)).toEqual(
    [
      ...publicHeaders(root).map(({ name }) => `include/${name}`),
      'lib/cmake/lithe/lithe-config-version.cmake',
      'lib/cmake/lithe/lithe-config.cmake',
      'lib/harts/libgomp.so.1',
      'lib/harts/liblithe.so.1',
      'lib/libharts_fork_join.a',
      'lib/liblithe.so',
      'lib/liblithe.so.1',
      'lib/pkgconfig/harts_fork_join.pc',
      'lib/pkgconfig/lithe.pc',
    ].sort(),
  );
});

test.skipIf(!pkgConfig)('a_scheduler_in_cpp_builds_with_pkg_config_and_runs', () => {
  shell(
    `g++ -std=c++20 -Wall -Wextra -Werror "$examples/lifo.cc" $(pkg-config --cflags --libs lithe) \
       -Wl,-rpath,"$(pkg-config --variable=libdir lithe)" -o "$out/lifo"`,
  );
  expect(output(join(directory, 'lifo'), [])).toBe('8 queens: 92 solutions\n');
  expect(output(join(directory, 'lifo'), [], { HARTS_VIRTUAL: '5' })).toBe('8 queens: 92 solutions\n');
});

test.skipIf(!pkgConfig)('a_program_in_strict_c_builds_with_pkg_config_and_runs', () => {
  shell(
    `gcc -std=c11 -Wall -Wextra -Werror -pedantic "$examples/contexts.c" $(pkg-config --cflags --libs lithe) \
       -o "$out/contexts"`,
  );
  const ran = output(join(directory, 'contexts'), [], { LD_LIBRARY_PATH: join(prefix, 'lib'), HARTS_VIRTUAL: '3' });
  expect(ran).toBe('1000 squares on 3 harts: 333833500\n');
});

test.skipIf(!pkgConfig)('pkg_config_knows_the_version_and_where_libgomp_is', () => {
  expect(shell('pkg-config --modversion lithe harts_fork_join')).toBe(`${version}\n${version}\n`);
  expect(shell('pkg-config --variable=openmpdir lithe').trim()).toMatch(/\/lib\/harts$/);
});

test.skipIf(!pkgConfig)('an_openmp_program_runs_on_the_installed_libgomp', () => {
  const source = '#include <omp.h>\n#include <stdio.h>\n#include "lithe/lithe.h"\n';
  const main =
    'int main(void) { int on = 0;\n#pragma omp parallel reduction(+ : on)\non += lithe_hart_self() >= 0;\nprintf("%d\\n", on); }\n';
  writeFileSync(join(directory, 'omp.c'), source + main);
  shell('gcc -fopenmp "$out/omp.c" $(pkg-config --cflags --libs lithe) -o "$out/omp"');
  const env = { LD_LIBRARY_PATH: join(prefix, 'lib/harts'), OMP_NUM_THREADS: '4' };
  expect(output(join(directory, 'omp'), [], env)).toBe('4\n');
});

test.skipIf(!cmake)('cmake_finds_the_package_and_its_targets', () => {
  const project = join(directory, 'project');
  mkdirSync(project);
  cpSync(join(examples, 'lifo.cc'), join(project, 'lifo.cc'));
  cpSync(join(examples, 'contexts.c'), join(project, 'contexts.c'));
  writeFileSync(
    join(project, 'answers.cc'),
    `#include <cstdio>
#include "harts/fork_join.hpp"
int main() {
  int answers[20] = {};
  harts::ForkJoin team("answers");
  team.enter();
  for (int &answer : answers) team.fork([](void *slot) { *static_cast<int *>(slot) = 42; }, &answer);
  team.join();
  team.exit();
  int sum = 0;
  for (int answer : answers) sum += answer;
  std::printf("%d\\n", sum);
}
`,
  );
  writeFileSync(
    join(project, 'CMakeLists.txt'),
    `cmake_minimum_required(VERSION 3.16)
project(uses_lithe C CXX)
set(CMAKE_CXX_STANDARD 20)
find_package(lithe ${version} REQUIRED)
find_package(lithe ${version} REQUIRED) # twice, as a project with parts does
add_executable(lifo lifo.cc)
add_executable(contexts contexts.c)
add_executable(answers answers.cc)
target_link_libraries(lifo PRIVATE lithe::lithe)
target_link_libraries(contexts PRIVATE lithe::lithe)
target_link_libraries(answers PRIVATE lithe::fork_join)
if(NOT EXISTS "\${lithe_OPENMP_DIR}/libgomp.so.1")
  message(FATAL_ERROR "lithe_OPENMP_DIR is \${lithe_OPENMP_DIR}")
endif()
find_package(lithe 99 QUIET)
if(lithe_FOUND)
  message(FATAL_ERROR "version 99 was found")
endif()
`,
  );
  const built = join(project, 'build');
  const moved = join(directory, 'moved with spaces');
  cpSync(prefix, moved, { recursive: true, verbatimSymlinks: true });
  output('cmake', ['-S', project, '-B', built, `-DCMAKE_PREFIX_PATH=${moved}`]);
  output('cmake', ['--build', built, '--parallel', '2']);
  expect(output(join(built, 'lifo'), [])).toBe('8 queens: 92 solutions\n');
  expect(output(join(built, 'contexts'), [])).toMatch(/^1000 squares on \d+ harts: 333833500\n$/);
  expect(output(join(built, 'answers'), [])).toBe('840\n');
});

test('destdir_and_libdir_are_kept_and_uninstall_leaves_what_is_not_its_own', async () => {
  const destination = join(directory, "package's $root");
  const place = [`DESTDIR=${destination.replaceAll('$', '$$$$')}`, 'PREFIX=/usr', 'LIBDIR=lib/x86_64-linux-gnu'];
  await make(...place, 'install');
  const libraries = join(destination, 'usr/lib/x86_64-linux-gnu');
  const pc = readFileSync(join(libraries, 'pkgconfig/lithe.pc'), 'utf8');
  expect(pc).toContain(`prefix=\${pcfiledir}/../../..\nlibdir=\${prefix}/lib/x86_64-linux-gnu\n`);
  expect(readFileSync(join(libraries, 'cmake/lithe/lithe-config.cmake'), 'utf8')).toContain(
    `"\${CMAKE_CURRENT_LIST_DIR}/../../../.." ABSOLUTE`,
  );
  writeFileSync(join(destination, 'usr/include/lithe/mine.h'), '');
  await make(...place, 'uninstall');
  expect(filesBelow(destination)).toEqual(['usr/include/lithe/mine.h']);
  expect(existsSync(join(libraries, 'harts'))).toBe(false);
});

test('the_npm_script_installs_and_uninstalls_relative_to_where_the_user_is', () => {
  const script = join(root, 'scripts/install_native.mjs');
  const env = { INIT_CWD: directory };
  const said = output(process.execPath, [script, '--prefix', 'by npm'], env);
  expect(said).toContain(`PKG_CONFIG_PATH='${join(directory, 'by npm')}/lib/pkgconfig'`);
  expect(filesBelow(join(directory, 'by npm'))).toEqual(filesBelow(prefix));
  output(process.execPath, [script, '--prefix', 'by npm', '--uninstall'], env);
  expect(filesBelow(join(directory, 'by npm'))).toEqual([]);
});

test.each([
  ['a file', 'file', /a part of the path is not a directory/],
  ['below a file', 'file/below', /a part of the path is not a directory/],
  ['where the system makes none', '/proc/harts', /the system makes no directories there|you may not write there/],
  ['nowhere', '', /--prefix is missing\.\nUsage: /],
])('a_prefix_that_is_%s_is_refused_with_one_clear_message', (_case, where, message) => {
  writeFileSync(join(directory, 'file'), '');
  const script = join(root, 'scripts/install_native.mjs');
  const args = where === '' ? [script] : [script, '--prefix', where];
  const child = spawnSync(process.execPath, args, {
    env: { ...process.env, INIT_CWD: directory },
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(child.stderr).toMatch(message);
  expect(child.stderr).not.toMatch(/^\s+at /m); // no stack
  expect(child.status).toBe(1);
});

test.skipIf(process.geteuid?.() === 0)('a_prefix_that_is_not_ours_to_write_is_refused', () => {
  const locked = join(directory, 'locked');
  mkdirSync(locked, { mode: 0o555 });
  const script = join(root, 'scripts/install_native.mjs');
  const child = spawnSync(process.execPath, [script, '--prefix', join(locked, 'below')], { encoding: 'utf8' });
  expect(child.stderr).toContain(`Cannot install in ${join(locked, 'below')}: you may not write there (${locked}).`);
  expect(child.stderr).toContain('sudo make -C native');
  expect(child.status).toBe(1);
});
