import { availableParallelism } from 'node:os';
import { afterEach, expect, it } from 'vitest';
import { job } from '../../src/jobs/index.js';
import { runtime } from '../../src/runtime/index.js';
import { nativeKernels } from '../support/native_kernels.js';

const { work } = nativeKernels();

afterEach(() => runtime.configure({ harts: 4096, preempt: false }));

it('takes harts away from a running job, and gives them back', async () => {
  const all = runtime.harts;
  const done = new Int32Array(64);
  const running = runtime.run(job.repeat(40, job.parallel([1, 2, 3].map(() => job.forEach(64, work, done, 400)))));
  for (let turn = 0; turn < 20; ++turn) {
    runtime.configure({ harts: turn % 2 === 0 ? 1 : all });
    expect(runtime.harts).toBe(turn % 2 === 0 ? 1 : all);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(await running).toMatchObject({ native: true, iterations: 40 });
  runtime.configure({ harts: 1 });
  // The hart that ended the job may still be on its way out.
  await expect.poll(() => runtime.stats().hartsOffline).toBe(all - 1);
  runtime.configure({ harts: 4096 });
  expect(runtime.harts).toBe(Math.min(all, availableParallelism()));
});

it('changes nothing when one of the options is wrong', () => {
  const before = runtime.harts;
  expect(() => runtime.configure({ harts: 1, preempt: -1 })).toThrowError(/preempt of runtime.configure is -1/);
  expect(runtime.harts).toBe(before);
});
