import { expect, it } from 'vitest';
import { runChild } from '../support/child.js';

it('workers and the main thread run jobs at the same time, on the harts of one runtime', async () => {
  const { code, stdout, stderr } = await runChild(new URL('children/worker_jobs.ts', import.meta.url));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  // Smoothing keeps the sum: part p holds 25p .. 25p+24.
  const sums = [0, 1, 2, 3, 4].map((part) => 25 * (25 * part + 12));
  expect(JSON.parse(stdout)).toEqual({ sums, jobsActive: 0, schedulers: 0, jobsStarted: 5 * 2 * 15 });
});
