import { describe, expect, it } from 'vitest';
import { job } from '../../src/jobs/index.js';
import type { JobNode } from '../../src/jobs/node_types.js';
import { runtime } from '../../src/runtime/index.js';
import { nativeKernels, plainKernels } from '../support/native_kernels.js';

const native = nativeKernels();
const plain = plainKernels();
type Kernels = typeof native;

/** A job over fresh arrays, and what it leaves in them. */
interface Case {
  readonly name: string;
  readonly build: (kernels: Kernels) => { node: JobNode; result: () => ArrayLike<number>[] };
}

const ramp = (n: number) => Float64Array.from({ length: n }, (_, i) => Math.sin(i) + 2);

const cases: Case[] = [
  {
    name: 'a call',
    build: (k) => {
      const x = ramp(10);
      return { node: k.scale.bind(x, 1.5), result: () => [x] };
    },
  },
  {
    name: 'a sequence, in order',
    build: (k) => {
      const x = ramp(3);
      const node = job.sequence(
        k.affine.bind(x, 0, 2, 1),
        k.affine.bind(x, 0, 3, -1),
        job.sequence(),
        k.scale.bind(x, 7),
      );
      return { node, result: () => [x] };
    },
  },
  ...[0, 1, 2, 3, 17, 1000].map((count) => ({
    name: `a forEach of ${count}`,
    build: (k: Kernels) => {
      const [x, y] = [ramp(count), new Float64Array(count)];
      return { node: job.forEach(count, k.square, x, y), result: () => [x, y] };
    },
  })),
  {
    name: 'a time loop of 3000 steps with two forEach each',
    build: (k) => {
      const [x, y] = [ramp(31), new Float64Array(31)];
      const step = job.sequence(job.forEach(31, k.smooth, x, y), job.forEach(31, k.smooth, y, x));
      return { node: job.repeat(3000, step), result: () => [x, y] };
    },
  },
  {
    name: 'a parallel of calls',
    build: (k) => {
      const x = ramp(40);
      const branches = Array.from(x, (_, i) => k.affine.bind(x, i, 1.1, i));
      return { node: job.parallel(branches), result: () => [x] };
    },
  },
  {
    name: 'parallels in parallels, with loops in them',
    build: (k) => {
      const parts = Array.from({ length: 6 }, () => [ramp(20), new Float64Array(20)] as const);
      const part = ([x, y]: (typeof parts)[number]) =>
        job.repeat(20, job.sequence(job.forEach(20, k.smooth, x, y), job.forEach(20, k.smooth, y, x)));
      const half = (from: number) => job.parallel([...parts.slice(from, from + 3).map(part), job.parallel([])]);
      const node = job.repeat(5, job.parallel([half(0), half(3)], { scheduler: 'fork_join' }));
      return { node, result: () => parts.flat() };
    },
  },
  {
    name: 'until a kernel raises the flag',
    build: (k) => {
      const [x, count, flag] = [ramp(4), new Int32Array(1), new Int32Array(1)];
      const node = job.until(flag, job.sequence(k.scale.bind(x, 1.001), k.countTo.bind(count, flag, 2345)));
      return { node, result: () => [x, count, flag] };
    },
  },
  {
    name: 'until max passes',
    build: (k) => {
      const [count, flag] = [new Int32Array(1), new Int32Array(1)];
      const node = job.until(flag, k.countTo.bind(count, flag, 1e9), { max: 12 });
      return { node, result: () => [count, flag] };
    },
  },
  {
    name: 'until, with the flag up from the start: one pass',
    build: (k) => {
      const [count, flag] = [new Int32Array(1), Int32Array.of(1)];
      return { node: job.until(flag, k.countTo.bind(count, flag, 1)), result: () => [count] };
    },
  },
  {
    name: 'branches that wait for each other',
    build: (k) => {
      const [flags, looks] = [new Int32Array(2), new Int32Array(2)];
      const [a, b] = [flags.subarray(0, 1), flags.subarray(1, 2)];
      const node = job.parallel([
        job.sequence(job.until(a, k.look.bind(looks, 0)), k.raise.bind(b, 0)),
        job.sequence(k.raise.bind(a, 0), job.until(b, k.look.bind(looks, 1))),
      ]);
      return { node, result: () => [flags] };
    },
  },
  {
    name: 'a repeat of nothing, and one of no passes',
    build: (k) => {
      const x = ramp(2);
      const node = job.sequence(job.repeat(1000, job.sequence()), job.repeat(0, k.scale.bind(x, 0)));
      return { node, result: () => [x] };
    },
  },
];

describe.each(cases)('$name', ({ build }) => {
  const expected = () => {
    const { node, result } = build(plain);
    expect(runtime.runSync(node).native).toBe(false);
    return result();
  };

  it('gives the same bits natively, on harts', async () => {
    const { node, result } = build(native);
    expect((await runtime.run(node)).native).toBe(true);
    expect(result()).toEqual(expected());
  });

  it('gives the same bits natively, with the calling thread as a hart', () => {
    const { node, result } = build(native);
    expect(runtime.runSync(node).native).toBe(true);
    expect(result()).toEqual(expected());
  });

  it('gives the same bits in JS beside the event loop', async () => {
    const { node, result } = build(plain);
    expect((await runtime.run(node)).native).toBe(false);
    expect(result()).toEqual(expected());
  });
});

it('gives the same report of passes natively and in JS', async () => {
  const report = async (k: Kernels) => {
    const [count, flag] = [new Int32Array(1), new Int32Array(1)];
    const { iterations } = await runtime.run(
      job.sequence(
        job.repeat(5, job.repeat(3, k.nothing.bind())),
        job.parallel([job.repeat(4, k.nothing.bind()), job.until(flag, k.countTo.bind(count, flag, 6))]),
      ),
    );
    return iterations;
  };
  expect(await report(native)).toBe(15);
  expect(await report(plain)).toBe(15);
});
