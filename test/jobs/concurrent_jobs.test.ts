import { expect, it } from 'vitest';
import { job } from '../../src/jobs/index.js';
import { runtime } from '../../src/runtime/index.js';
import { nativeKernels, plainKernels } from '../support/native_kernels.js';

const native = nativeKernels();
const plain = plainKernels();

function timeLoop(kernels: typeof native, seed: number, steps: number) {
  const x = Float64Array.from({ length: 30 }, (_, i) => Math.cos(i * seed));
  const y = new Float64Array(30);
  const step = job.sequence(job.forEach(30, kernels.smooth, x, y), job.forEach(30, kernels.smooth, y, x));
  return { x, node: job.repeat(steps, step) };
}

it('many jobs at once give what each gives alone', async () => {
  const loops = Array.from({ length: 24 }, (_, i) => timeLoop(native, i + 1, 200 + 10 * i));
  await Promise.all(loops.map(({ node }) => runtime.run(node)));
  loops.forEach(({ x }, i) => {
    const alone = timeLoop(plain, i + 1, 200 + 10 * i);
    runtime.runSync(alone.node);
    expect(x).toEqual(alone.x);
  });
});

it('jobs that wait for one another through flags all end', async () => {
  const count = 4 * runtime.harts;
  const flags = Array.from({ length: count + 1 }, () => new Int32Array(new SharedArrayBuffer(4)));
  const done = new Int32Array(1);
  const running = Array.from({ length: count }, (_, i) =>
    runtime.run(job.sequence(job.until(flags[i + 1]!, native.work.bind(0, done, 10)), native.raise.bind(flags[i]!, 0))),
  );
  Atomics.store(flags[count]!, 0, 1);
  await Promise.all(running);
  expect(Atomics.load(flags[0]!, 0)).toBe(1);
});

it('a synchronous job runs while others keep all harts busy', async () => {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const done = new Int32Array(50);
  const running = Array.from({ length: 2 * runtime.harts }, () =>
    runtime.run(job.until(flag, job.forEach(50, native.work, done, 20))),
  );
  const { x, node } = timeLoop(native, 5, 100);
  expect(runtime.runSync(node).native).toBe(true);
  Atomics.store(flag, 0, 1);
  await Promise.all(running);
  const alone = timeLoop(plain, 5, 100);
  runtime.runSync(alone.node);
  expect(x).toEqual(alone.x);
});

it('the same node may run several times at once when it only reads', async () => {
  const x = Float64Array.from({ length: 100 }, (_, i) => i);
  const y = new Float64Array(100);
  const node = job.forEach(100, native.square, x, y);
  await Promise.all(Array.from({ length: 20 }, () => runtime.run(node)));
  expect(y).toEqual(x.map((value) => value * value));
});

it('a parallel with more branches than it may have contexts ends', async () => {
  const x = new Float64Array(1000);
  const branches = Array.from(x, (_, i) => job.repeat(2, native.affine.bind(x, i, 1, i)));
  await runtime.run(job.parallel(branches));
  expect(x).toEqual(x.map((_, i) => 2 * i));
});
