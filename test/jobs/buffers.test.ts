import { describe, expect, it } from 'vitest';
import { job } from '../../src/jobs/index.js';
import { runtime } from '../../src/runtime/index.js';
import { nativeKernels, plainKernels } from '../support/native_kernels.js';

const native = nativeKernels();

const detach = (array: Float64Array) => structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });

describe.each([
  ['natively', native],
  ['in JS', plainKernels()],
])('a job that runs %s', (_, kernels) => {
  it('refuses a detached array and names it', async () => {
    const x = new Float64Array(4);
    const node = job.sequence(kernels.scale.bind(new Float64Array(1), 2), kernels.scale.bind(x, 2));
    detach(x);
    const error = expect.objectContaining({
      code: 'ERR_HARTS_JOB_BUFFER',
      message: expect.stringContaining('Argument 1 of kernel scale is detached'),
    });
    await expect(runtime.run(node)).rejects.toThrow(error);
    expect(() => runtime.runSync(node)).toThrow(error);
  });

  it('refuses an array that was detached after an earlier run', async () => {
    const x = new Float64Array(4).fill(1);
    const node = kernels.scale.bind(x, 2);
    await runtime.run(node);
    expect(x[0]).toBe(2);
    detach(x);
    await expect(runtime.run(node)).rejects.toThrow(expect.objectContaining({ code: 'ERR_HARTS_JOB_BUFFER' }));
  });

  it('refuses an array in a resizable buffer', async () => {
    const options = { maxByteLength: 64 };
    const Resizable = ArrayBuffer as new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
    const x = new Float64Array(new Resizable(16, options));
    await expect(runtime.run(kernels.scale.bind(x, 2))).rejects.toThrow(/resizable/);
  });

  it('takes empty arrays, views in the middle of a buffer and shared memory', async () => {
    const shared = new Float64Array(new SharedArrayBuffer(32)).fill(1);
    const middle = new Float64Array(new Float64Array(8).fill(1).buffer, 16, 3);
    const node = job.sequence(
      kernels.scale.bind(new Float64Array(0), 3),
      kernels.scale.bind(shared, 3),
      kernels.scale.bind(middle, 5),
    );
    await runtime.run(node);
    expect([...shared]).toEqual([3, 3, 3, 3]);
    expect([...new Float64Array(middle.buffer)]).toEqual([1, 1, 5, 5, 5, 1, 1, 1]);
  });
});

it('a buffer that is transferred away while a native job runs makes the job reject', async () => {
  const [x, done] = [new Float64Array(4), new Int32Array(1)];
  const running = runtime.run(
    job.sequence(native.work.bind(0, done, 20_000), native.nothing.bind(), native.scale.bind(x, 2)),
  );
  const moved = detach(x);
  await expect(running).rejects.toThrow(/detached while the job ran/);
  expect(moved.byteLength).toBe(32);
});

it('arrays stay alive while the job runs, with no other reference to them', async () => {
  const sum = new Float64Array(1);
  const start = () => {
    const big = new Float64Array(1 << 20).fill(1);
    return runtime.run(job.repeat(200, native.scale.bind(big, 1)));
  };
  const running = Array.from({ length: 4 }, start);
  // Make garbage, so that collections happen meanwhile.
  for (let i = 0; i < 200; i++) sum[0]! += new Float64Array(1 << 16).fill(i)[7]!;
  await Promise.all(running);
  expect(sum[0]).toBe(19900);
});
