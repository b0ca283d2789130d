import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { job } from '../../src/jobs/index.js';
import { nativePath } from '../../src/native/load.js';
import { runtime } from '../../src/runtime/index.js';
import { handMade, loadEntries, withEntry } from '../support/native_kernels.js';

const source = `
#include <stdint.h>
#include <omp.h>
typedef struct { void *data; int64_t length; } harts_array_t;
double fill(const harts_array_t *a, const double *s) {
  double *x = a[0].data;
  int64_t n = a[0].length / (int64_t)s[1], from = (int64_t)s[0] * n;
  #pragma omp parallel for schedule(static)
  for (int64_t i = from; i < from + n; i++) x[i] += i * s[2];
  return 0;
}
double teams(const harts_array_t *a, const double *s) {
  int32_t *seen = a[0].data;
  #pragma omp parallel num_threads(4)
  {
    #pragma omp barrier
    #pragma omp atomic
    seen[(int64_t)s[0]] += 1;
  }
  return 0;
}
`;
const entries = loadEntries(source, ['fill', 'teams'], ['-fopenmp']);
const never = () => {
  throw new Error('must run natively');
};
const fill = handMade<[i: number, x: Float64Array, parts: number, factor: number]>(
  'fill',
  never,
  withEntry(entries.get('fill')!),
);
const teams = handMade<[i: number, seen: Int32Array]>('teams', never, withEntry(entries.get('teams')!));

describe.each([
  ['beside the event loop', (node: Parameters<typeof runtime.run>[0]) => runtime.run(node)],
  ['on the calling thread', async (node: Parameters<typeof runtime.run>[0]) => runtime.runSync(node)],
])('kernels with OpenMP inside, in a job that runs %s,', (_, run) => {
  it('are child schedulers of the job and give the right sums', async () => {
    const x = new Float64Array(1000);
    await run(job.repeat(50, job.forEach(8, fill, x, 8, 2)));
    expect(x).toEqual(x.map((__, i) => 50 * i * 2));
  });

  it('honour a requested team size on however few harts', async () => {
    const seen = new Int32Array(6);
    await run(job.repeat(30, job.parallel(Array.from(seen, (__, i) => job.repeat(2, teams.bind(i, seen))))));
    expect([...seen]).toEqual(Array(6).fill(30 * 2 * 4));
  });
});

it('a kernel with OpenMP may be called directly from JS', () => {
  const x = new Float64Array(10);
  fill(0, x, 1, 3);
  expect(x).toEqual(x.map((_, i) => 3 * i));
});

it('OpenMP code gets the libgomp beside the addon, and no other is loaded', () => {
  const loaded = readFileSync('/proc/self/maps', 'utf8').match(/\S*libgomp\.so\S*/g) ?? [];
  expect([...new Set(loaded)]).toEqual([`${dirname(nativePath())}/libgomp.so.1`]);
  expect(runtime.topology().foreignOpenmp).toBe(false);
});
