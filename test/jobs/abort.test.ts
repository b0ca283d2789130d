import { describe, expect, it } from 'vitest';
import { job } from '../../src/jobs/index.js';
import { runtime } from '../../src/runtime/index.js';
import { nativeKernels, plainKernels } from '../support/native_kernels.js';

const native = nativeKernels();
const plain = plainKernels();

describe.each([
  ['natively', native],
  ['in JS', plain],
])('a job that runs %s', (_, kernels) => {
  const endless = () => {
    const done = new Int32Array(4);
    return job.until(new Int32Array(1), job.forEach(4, kernels.work, done, 50));
  };

  it('does not start when its signal is aborted already', async () => {
    const x = Float64Array.of(1);
    const reason = new Error('enough');
    await expect(runtime.run(kernels.scale.bind(x, 2), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(x[0]).toBe(1);
  });

  it('rejects with the reason of the signal, soon after the abort', async () => {
    const controller = new AbortController();
    const reason = { any: 'value' };
    const running = runtime.run(endless(), { signal: controller.signal });
    let aborted = 0;
    setTimeout(() => {
      aborted = performance.now();
      controller.abort(reason);
    }, 30);
    await expect(running).rejects.toBe(reason);
    // A deadline for a machine that is busy with other things; alone it takes a few milliseconds.
    expect(performance.now() - aborted).toBeLessThan(2000);
  });

  it('rejects with a TimeoutError after AbortSignal.timeout', async () => {
    const running = runtime.run(endless(), { signal: AbortSignal.timeout(20) });
    await expect(running).rejects.toThrow(expect.objectContaining({ name: 'TimeoutError' }));
  });

  it('stops in the middle of a forEach, and between branches', async () => {
    const done = new Int32Array(1000);
    const branch = () => job.sequence(...Array.from({ length: 100 }, () => kernels.work.bind(0, done, 20_000)));
    for (const node of [job.forEach(1000, kernels.work, done, 20_000), job.parallel([branch(), branch(), branch()])]) {
      const controller = new AbortController();
      const running = runtime.run(node, { signal: controller.signal });
      setTimeout(() => controller.abort(), 50);
      await expect(running).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
    }
  });

  it('an abort after the end changes nothing, and the signal forgets the job', async () => {
    const controller = new AbortController();
    await runtime.run(kernels.nothing.bind(), { signal: controller.signal });
    controller.abort();
    await runtime.run(kernels.nothing.bind());
  });

  it('runs again after it was aborted', async () => {
    const [count, flag] = [new Int32Array(1), new Int32Array(1)];
    const node = job.until(flag, kernels.countTo.bind(count, flag, 2 ** 31 - 1));
    const controller = new AbortController();
    const running = runtime.run(node, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(running).rejects.toThrow();
    expect(count[0]).toBeGreaterThan(0);
    count[0] = 2 ** 31 - 3;
    expect((await runtime.run(node)).iterations).toBe(2);
  });
});

it('an aborted native job has given all harts back when it rejects', async () => {
  const done = new Int32Array(64);
  for (let i = 0; i < 20; i++) {
    const controller = new AbortController();
    const node = job.parallel([
      job.repeat(1e9, job.forEach(64, native.work, done, 5)),
      job.repeat(1e9, native.work.bind(0, done, 5)),
    ]);
    const running = runtime.run(node, { signal: controller.signal });
    setTimeout(() => controller.abort(), i % 7);
    await expect(running).rejects.toThrow();
    expect(runtime.stats().jobsActive).toBe(0);
    expect(runtime.stats().schedulers).toBe(0);
  }
});
