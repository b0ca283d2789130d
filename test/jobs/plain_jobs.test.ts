import { expect, it } from 'vitest';
import { job } from '../../src/jobs/index.js';
import { runtime } from '../../src/runtime/index.js';
import { handMade, nativeKernels, plainKernels } from '../support/native_kernels.js';

const native = nativeKernels();
const plain = plainKernels();

it('a throwing kernel rejects with that very error, and nothing after it runs', async () => {
  const error = new RangeError('from the kernel');
  const fails = handMade('fails', (i: number) => {
    if (i === 3) throw error;
  });
  const x = Float64Array.of(1);
  const node = job.sequence(job.forEach(10, fails), plain.scale.bind(x, 2));
  await expect(runtime.run(node)).rejects.toBe(error);
  expect(() => runtime.runSync(node)).toThrow(error);
  await expect(runtime.run(job.parallel([fails.bind(1), fails.bind(3)]))).rejects.toBe(error);
  expect(x[0]).toBe(1);
});

it('one kernel without native code makes the whole job run in JS, and the report names it', async () => {
  const x = Float64Array.of(1, 2);
  const node = job.sequence(native.scale.bind(x, 3), plain.add.bind(0, x, 1), native.scale.bind(x, 2));
  expect(await runtime.run(node)).toEqual({ native: false, iterations: 0, plainKernel: 'add' });
  expect([...x]).toEqual([8, 12]);
});

it('a kernel without native code for these arguments now may have it later', async () => {
  let ready = false;
  const x = Float64Array.of(1);
  const late = handMade('scale', native.scale.plain, (args) => (ready ? native.scale.resolve(args) : undefined));
  const node = late.bind(x, 2);
  expect((await runtime.run(node)).native).toBe(false);
  ready = true;
  expect((await runtime.run(node)).native).toBe(true);
  expect(x[0]).toBe(4);
});

it('a kernel may take what only JS can pass', async () => {
  const list: string[] = [];
  const push = handMade('push', (to: string[], text: string) => {
    to.push(text);
  });
  await runtime.run(job.repeat(3, push.bind(list, 'a')));
  expect(list).toEqual(['a', 'a', 'a']);
});
