import { expect, test } from 'vitest';
import { temporaryDirectory } from '../native/support.js';
import { runChild } from '../support/child.js';
import { compileC, ourOpenmp } from './support.js';

// Its exports are the number of threads that it got. The three names of Node-API that it needs are declared here, so that
// it compiles without Node's headers.
const addon = compileC(
  temporaryDirectory(),
  'threads.node',
  `typedef void *napi_env, *napi_value;
   int napi_create_int32(napi_env env, int value, napi_value *result);
   napi_value napi_register_module_v1(napi_env env, napi_value exports) {
     int threads = 0;
   #pragma omp parallel num_threads(3) reduction(+ : threads)
     threads += 1;
     napi_create_int32(env, threads, &exports);
     return exports;
   }`,
  ['-shared', '-fPIC'],
);

/** Runs a program that loads harts and the addon, one before the other. */
async function loaded(first: 'harts' | 'addon', env: NodeJS.ProcessEnv = {}) {
  const child = await runChild(new URL('children/addon.ts', import.meta.url), { args: [first, addon], env });
  expect({ code: child.code, stderr: first === 'harts' ? child.stderr : '' }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(child.stdout);
}

test('an_addon_that_is_loaded_after_harts_runs_on_harts', async () => {
  const { schedulersEntered, ...rest } = await loaded('harts');
  expect(rest).toEqual({ threads: 3, foreign: false, maps: [ourOpenmp], warnings: [] });
  expect(schedulersEntered).toBeGreaterThan(0);
});

test('an_addon_that_is_loaded_before_harts_keeps_its_libgomp_and_a_warning_names_it', async () => {
  const { maps, warnings, ...rest } = await loaded('addon');
  expect(rest).toEqual({ threads: 3, foreign: true, schedulersEntered: 0 });
  const stock = maps.find((path: string) => path !== ourOpenmp);
  expect(stock).toBeDefined();
  expect(warnings).toEqual([
    { code: 'HARTS_FOREIGN_OPENMP', message: expect.stringContaining("Import 'harts' first") },
  ]);
  expect(warnings[0].message).toMatch(/ \/\S*libgomp\.so\.1 was loaded before/);
  expect(warnings[0].message).not.toContain(ourOpenmp);
});

test('with_our_library_preloaded_the_order_does_not_matter', async () => {
  const { schedulersEntered, ...rest } = await loaded('addon', { LD_PRELOAD: ourOpenmp });
  expect(rest).toEqual({ threads: 3, foreign: false, maps: [ourOpenmp], warnings: [] });
  expect(schedulersEntered).toBeGreaterThan(0);
});
