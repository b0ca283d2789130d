import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../native/support.js';
import { compileC, expectWorkOnHarts, harts, libraryFile, ourOpenmp } from './support.js';

const directory = temporaryDirectory();
// Prints its threads and the file of its libgomp, and returns 3.
const source = `#define _GNU_SOURCE
#include <dlfcn.h>
#include <omp.h>
#include <stdio.h>
int main(void) {
  int threads = 0;
#pragma omp parallel num_threads(3) reduction(+ : threads)
  threads += 1;
  Dl_info info;
  dladdr((void *)dlsym(RTLD_DEFAULT, "GOMP_parallel"), &info);
  printf("%d %s\\n", threads, info.dli_fname);
  return 3;
}`;
const program = compileC(directory, 'threads', source);
const stock = libraryFile('libgomp.so.1');

test('runs_an_openmp_program_on_our_library_and_passes_its_status_on', async () => {
  expect(await harts(['run', '--', program])).toEqual({
    code: 3,
    signal: null,
    stdout: `3 ${ourOpenmp}\n`,
    stderr: '',
  });
});

test('reports_what_the_harts_have_done_and_limits_them', async () => {
  const { code, stdout, stderr } = await harts(['run', '--report', '--harts', '1', program]);
  expect({ code, stdout }).toEqual({ code: 3, stdout: `3 ${ourOpenmp}\n` });
  expectWorkOnHarts(stderr);
  expect(stderr).toMatch(/^ {2}harts +1$/m);
});

test('says_that_there_is_no_report_of_a_program_without_libgomp', async () => {
  const { code, stderr } = await harts(['run', '--report', 'true']);
  expect(code).toBe(0);
  expect(stderr).toContain('no report: true did not load the libgomp.so.1 of harts');
});

test('leaves_the_arguments_of_the_program_and_the_rest_of_the_library_path_alone', async () => {
  const args = ['run', 'sh', '-c', 'echo "$LD_LIBRARY_PATH $*"', 'sh', '--report', '--', '-x'];
  const { stdout } = await harts(args, { LD_LIBRARY_PATH: '/somewhere/else' });
  expect(stdout).toBe(`${dirname(ourOpenmp)}:/somewhere/else --report -- -x\n`);
});

test.each(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'])('passes_%s_on', async (signal) => {
  const name = signal.slice(3);
  // The program itself sends the signal to the command, once it is ready for it.
  const script = `trap 'echo got; exit 9' ${name}; kill -${name} $PPID; while :; do sleep 0.02; done`;
  const { code, stdout } = await harts(['run', 'sh', '-c', script]);
  expect({ code, stdout }).toEqual({ code: 9, stdout: 'got\n' });
});

test.each([
  ['TERM', { code: null, signal: 'SIGTERM' }],
  ['KILL', { code: null, signal: 'SIGKILL' }],
  ['SEGV', { code: 139, signal: null }],
])('ends_by_SIG%s_as_the_program_does', async (name, ending) => {
  const { code, signal } = await harts(['run', 'sh', '-c', `ulimit -c 0; kill -${name} $$`]);
  expect({ code, signal }).toEqual(ending);
});

test.each([
  { args: ['run', './no-such-program'], code: 127, says: 'no such program' },
  { args: ['run', '/etc/passwd'], code: 126, says: 'not executable' },
  { args: ['run'], code: 125, says: 'run needs a program' },
  { args: ['run', '--harts', '0', 'true'], code: 125, says: '--harts 0 is not a number of harts' },
  { args: ['run', '--unknown', 'true'], code: 125, says: "Unknown option '--unknown'" },
  { args: ['walk'], code: 125, says: 'there is no command "walk"' },
  {
    args: ['run', 'true'],
    env: { HARTS_NATIVE: '/nowhere/harts.node' },
    code: 125,
    says: 'no libgomp.so.1 in /nowhere',
  },
])('ends_with_$code for $args, and says why', async ({ args, env, code, says }) => {
  const result = await harts(args, env as NodeJS.ProcessEnv);
  expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: '' });
  expect(result.stderr).toContain(says);
});

test.skipIf(stock === undefined)('preloaded_it_wins_over_an_rpath_to_another_libgomp', () => {
  const flags = ['-Wl,--disable-new-dtags', `-Wl,-rpath,${dirname(stock!)}`];
  const fixed = compileC(directory, 'with_rpath', source, flags);
  const run = (env: NodeJS.ProcessEnv) =>
    spawnSync(fixed, { env: { ...process.env, ...env }, encoding: 'utf8', timeout: 30_000 });
  expect(run({ LD_LIBRARY_PATH: dirname(ourOpenmp) }).stdout).not.toContain(ourOpenmp);
  const { status, stdout, stderr } = run({ LD_PRELOAD: ourOpenmp, HARTS_REPORT: '1' });
  expect({ status, stdout }).toEqual({ status: 3, stdout: `3 ${ourOpenmp}\n` });
  expectWorkOnHarts(stderr);
});
