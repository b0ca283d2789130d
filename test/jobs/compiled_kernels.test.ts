import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { kernel } from '../../src/jit/kernel.js';
import { job } from '../../src/jobs/index.js';
import { runtime } from '../../src/runtime/index.js';

const cacheDir = mkdtempSync(join(tmpdir(), 'harts-test-'));
afterAll(() => rmSync(cacheDir, { recursive: true }));

it('kernels compiled from plain functions run natively in jobs, with the index and with none', async () => {
  const smooth = kernel(
    (i: number, from: Float64Array, to: Float64Array, weight: number) => {
      const n = from.length;
      const left = from[(i + n - 1) % n]!;
      const right = from[(i + 1) % n]!;
      to[i] = from[i]! + weight * (left - 2 * from[i]! + right);
    },
    { name: 'smooth', cacheDir },
  );
  const reached = kernel(
    (steps: Int32Array, flag: Int32Array, limit: number) => {
      steps[0] = steps[0]! + 1;
      if (steps[0]! >= limit) flag[0] = 1;
    },
    { name: 'reached', cacheDir },
  );
  const compute = (inJs: boolean) => {
    const x = Float64Array.from({ length: 40 }, (_, i) => (i * i) % 17);
    const [y, steps, flag] = [new Float64Array(40), new Int32Array(1), new Int32Array(1)];
    if (inJs) {
      for (let step = 0; step < 500; step++) {
        for (let i = 0; i < 40; i++) smooth.plain(i, x, y, 0.2);
        for (let i = 0; i < 40; i++) smooth.plain(i, y, x, 0.2);
      }
    }
    const step = job.sequence(job.forEach(40, smooth, x, y, 0.2), job.forEach(40, smooth, y, x, 0.2));
    return { x, steps, node: job.until(flag, job.sequence(step, reached.bind(steps, flag, 500))) };
  };
  const { x, steps, node } = compute(false);
  expect(await runtime.run(node)).toEqual({ native: true, iterations: 500 });
  expect(steps[0]).toBe(500);
  expect(x).toEqual(compute(true).x);
});
