import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { job } from '../../src/jobs/index.js';
import { type JobProgress, runtime } from '../../src/runtime/index.js';
import { nativeKernels, plainKernels } from '../support/native_kernels.js';

describe.each([
  ['natively', nativeKernels()],
  ['in JS', plainKernels()],
])('a job that runs %s', (_, kernels) => {
  const done = new Int32Array(1);
  const passes = (n: number, microseconds: number) => job.repeat(n, kernels.work.bind(0, done, microseconds));

  it('reports rising passes of its outermost loops, the last one included', async () => {
    const seen: JobProgress[] = [];
    const node = job.sequence(passes(100, 1500), job.repeat(20, passes(5, 1000)));
    const report = await runtime.run(node, { onProgress: (progress) => seen.push(progress) });
    expect(report.iterations).toBe(120);
    expect(seen.at(-1)).toEqual({ iterations: 120, total: 120 });
    expect(seen.length).toBeGreaterThan(2);
    for (let i = 1; i < seen.length; i++) expect(seen[i]!.iterations).toBeGreaterThanOrEqual(seen[i - 1]!.iterations);
  });

  it('knows no total when a loop ends by its flag', async () => {
    const [count, flag] = [new Int32Array(1), new Int32Array(1)];
    const seen: JobProgress[] = [];
    await runtime.run(job.until(flag, kernels.countTo.bind(count, flag, 9)), { onProgress: (p) => seen.push(p) });
    expect(seen.at(-1)).toEqual({ iterations: 9, total: undefined });
  });

  it('reports 0 of 0 for a job without loops', async () => {
    const seen: JobProgress[] = [];
    await runtime.run(kernels.nothing.bind(), { onProgress: (p) => seen.push(p) });
    expect(seen.at(-1)).toEqual({ iterations: 0, total: 0 });
  });

  it('stops and rejects with what onProgress throws', async () => {
    const error = new Error('from onProgress');
    const onProgress = () => {
      throw error;
    };
    await expect(runtime.run(passes(1e9, 200), { onProgress })).rejects.toBe(error);
    await expect(runtime.run(kernels.nothing.bind(), { onProgress })).rejects.toBe(error);
  });

  it('keeps the asynchronous context of the caller', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen = new Set<string | undefined>();
    await storage.run('mine', async () => {
      await runtime.run(passes(100, 1500), { onProgress: () => seen.add(storage.getStore()) });
      expect(storage.getStore()).toBe('mine');
    });
    expect([...seen]).toEqual(['mine']);
  });

  it('leaves the event loop free while it runs', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    await runtime.run(passes(200, 1000));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(4);
  });
});
