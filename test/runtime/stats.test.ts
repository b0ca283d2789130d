import { expect, it } from 'vitest';
import { job } from '../../src/jobs/index.js';
import { Runtime, runtime } from '../../src/runtime/index.js';
import { nativeKernels } from '../support/native_kernels.js';

const { work, scale } = nativeKernels();

it('stats are all zero before first use, and do not start the runtime', () => {
  const { perHart, ...sums } = runtime.stats();
  expect(Object.values(sums).every((value) => value === 0)).toBe(true);
  expect(perHart).toEqual([]);
  expect(runtime.stats().harts).toBe(0);
});

it('topology describes each hart', () => {
  const { harts, pus, machinePus, quota, places, foreignOpenmp } = runtime.topology();
  expect(runtime.harts).toBe(harts);
  expect(harts).toBeGreaterThanOrEqual(1);
  expect(pus).toBeLessThanOrEqual(machinePus);
  expect(quota).toBeGreaterThanOrEqual(0);
  expect(foreignOpenmp).toBe(false);
  expect(places).toHaveLength(harts);
  for (const place of places) expect(place).toMatchObject({ pu: expect.any(Number), numa: expect.any(Number) });
});

it('counts what jobs do, and finds no more running threads than harts', async () => {
  const before = runtime.stats();
  const done = new Int32Array(64);
  await Promise.all(
    Array.from({ length: 4 }, () =>
      runtime.run(job.repeat(4, job.parallel([1, 2, 3].map(() => job.forEach(64, work, done, 400))))),
    ),
  );
  runtime.runSync(scale.bind(Float64Array.of(1), 2));
  const after = runtime.stats();
  expect(after.jobsStarted - before.jobsStarted).toBe(5);
  expect(after.jobsActive).toBe(0);
  // Each job enters a scheduler, and each pass of its parallel enters another.
  expect(after.schedulersEntered - before.schedulersEntered).toBe(4 * (1 + 4) + 1);
  expect(after.contextSwitches).toBeGreaterThan(before.contextSwitches);
  expect(after.grants).toBeGreaterThan(before.grants);
  expect(after.samples).toBeGreaterThan(0);
  expect(after.oversubscribedSamples).toBe(0);
  expect(after.harts).toBe(runtime.harts);
});

it('counts for each hart, and the sums are those of the harts', async () => {
  const done = new Int32Array(64);
  await runtime.run(job.repeat(4, job.parallel([1, 2].map(() => job.forEach(64, work, done, 50)))));
  const stats = runtime.stats();
  expect(stats.perHart).toHaveLength(runtime.harts);
  const sum = (name: 'contextExits' | 'contextYields' | 'schedulersEntered') =>
    stats.perHart.reduce((total, hart) => total + hart[name], 0);
  for (const name of ['contextExits', 'contextYields', 'schedulersEntered'] as const) {
    expect({ [name]: sum(name) }).toEqual({ [name]: stats[name] });
  }
  expect(stats.contextExits).toBeGreaterThan(0);
  // A job that has ended asks no scheduler any more; a hart that ran something was told to.
  for (const hart of stats.perHart) expect(hart.decisions > 0 || hart.contextSwitches === 0).toBe(true);
  expect(stats.perHart.some(({ busy }) => typeof busy !== 'boolean')).toBe(false);
});

it('every Runtime is a face of the same runtime', () => {
  expect(new Runtime().stats().jobsStarted).toBe(runtime.stats().jobsStarted);
});
