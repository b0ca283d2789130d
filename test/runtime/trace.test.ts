import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { job } from '../../src/jobs/index.js';
import { type ChromeTrace, runtime, type TraceEvent } from '../../src/runtime/index.js';
import { runChild } from '../support/child.js';
import { handMade, loadEntries, nativeKernels, withEntry } from '../support/native_kernels.js';

const source = `
#include <stdint.h>
typedef struct { void *data; int64_t length; } harts_array_t;
double nested(const harts_array_t *a, const double *s) {
  int32_t *seen = a[0].data;
  #pragma omp parallel num_threads(2)
  #pragma omp parallel num_threads(2)
  __atomic_fetch_add(&seen[(int64_t)s[0]], 1, __ATOMIC_RELAXED);
  return 0;
}
`;
const { work } = nativeKernels();
const done = new Int32Array(64);
const nested = handMade<[i: number, seen: Int32Array]>(
  'nested',
  () => {
    throw new Error('must run natively');
  },
  withEntry(loadEntries(source, ['nested'], ['-fopenmp']).get('nested')!),
);
const directory = mkdtempSync(join(tmpdir(), 'harts-test-'));
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => runtime.trace.stop());

/** The form of a trace: what Perfetto relies on, and what the runtime promises beyond that. */
function checkForm({ traceEvents, otherData }: ChromeTrace) {
  const tracks = new Map<number, TraceEvent[]>();
  for (const event of traceEvents.filter(({ ph }) => ph !== 'M')) {
    tracks.set(event.tid, [...(tracks.get(event.tid) ?? []), event]);
  }
  const wrong: { why: string; event: TraceEvent | undefined }[] = [];
  for (const [tid, events] of tracks) {
    const open: TraceEvent[] = [];
    let last = 0;
    for (const event of events) {
      if (!(event.ts! >= last)) wrong.push({ why: 'goes back in time', event });
      last = event.ts!;
      if (event.ph === 'B') open.push(event);
      if (event.ph === 'E' && open.pop() === undefined) wrong.push({ why: 'ends nothing', event });
      if (open.length > 1) wrong.push({ why: 'two slices at a time', event });
    }
    if (open.length > 0) wrong.push({ why: `never ends on track ${tid}`, event: open[0] });
    if (!(tid >= 1 && tid <= otherData.harts + 1)) wrong.push({ why: 'no such track', event: events[0] });
  }
  const [begun, ended] = ['s', 'f'].map((ph) => traceEvents.filter((event) => event.ph === ph).map(({ id }) => id));
  expect(wrong).toEqual([]);
  expect(begun!.sort()).toEqual(ended!.sort());
  expect(new Set(traceEvents.map(({ pid }) => pid)).size).toBe(1);
}

const names = ({ traceEvents }: ChromeTrace, ph: string) =>
  new Set(traceEvents.filter((event) => event.ph === ph).map(({ name }) => name));

describe('before anything was recorded', () => {
  it('a trace cannot be read, and stopping is harmless', () => {
    runtime.trace.stop();
    expect(() => runtime.trace.toJSON()).toThrow(expect.objectContaining({ code: 'ERR_HARTS_TRACE_NONE' }));
    const file = join(directory, 'older.json');
    writeFileSync(file, 'an older trace');
    expect(() => runtime.trace.write(file)).toThrow(expect.objectContaining({ code: 'ERR_HARTS_TRACE_NONE' }));
    expect(readFileSync(file, 'utf8')).toBe('an older trace');
  });
});

describe('a trace of jobs', () => {
  it('shows what each hart ran, by scheduler, in nested OpenMP and parallels', async () => {
    const seen = new Int32Array(3);
    runtime.trace.start();
    const from = Number(process.hrtime.bigint()) / 1000;
    await runtime.run(job.repeat(10, job.parallel([0, 1, 2].map((i) => nested.bind(i, seen)))));
    runtime.runSync(job.parallel([0, 1, 2].map((i) => nested.bind(i, seen))));
    await runtime.run(job.repeat(3, job.parallel([0, 1, 2].map(() => job.forEach(64, work, done, 50)))));
    const to = Number(process.hrtime.bigint()) / 1000;
    runtime.trace.stop();
    const trace = runtime.trace.toJSON();
    checkForm(trace);
    expect([...seen]).toEqual([44, 44, 44]);
    expect(trace.otherData).toEqual({ clock: 'CLOCK_MONOTONIC', harts: runtime.harts, lost: 0 });
    const slices = names(trace, 'B');
    for (const name of ['job', 'parallel', 'openmp', 'hart_enter']) expect([...slices]).toContain(name);
    const moments = names(trace, 'i');
    for (const name of ['guest_in', 'guest_out', 'yield', 'unblock']) expect([...moments]).toContain(name);
    const threads = trace.traceEvents.filter(({ name }) => name === 'thread_name');
    expect(threads).toHaveLength(runtime.harts + 1);
    for (const { ts } of trace.traceEvents.filter(({ ph }) => ph !== 'M' && ph !== 'E')) {
      expect(ts).toBeGreaterThanOrEqual(from - 1e3);
      expect(ts).toBeLessThanOrEqual(to);
    }
    expect(JSON.parse(JSON.stringify(runtime.trace))).toEqual(trace);
  });

  it('can be read, and written, while it goes on', async () => {
    runtime.trace.start({ eventsPerHart: 32 });
    const running = runtime.run(job.repeat(20, job.forEach(64, work, done, 20)));
    const file = join(directory, 'running.json');
    for (let turn = 0; turn < 20; turn++) {
      runtime.trace.write(file);
      checkForm(JSON.parse(readFileSync(file, 'utf8')));
      checkForm(runtime.trace.toJSON());
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await running;
    const trace = runtime.trace.toJSON();
    checkForm(trace);
    expect(trace.otherData.lost).toBeGreaterThan(0);
  });

  it('begins anew with each start', async () => {
    runtime.trace.start({ eventsPerHart: 1 << 10 });
    await runtime.run(job.forEach(4, work, new Int32Array(4), 1));
    runtime.trace.stop();
    expect(names(runtime.trace.toJSON(), 'B').size).toBeGreaterThan(0);
    runtime.trace.start({ eventsPerHart: 1 << 10 });
    runtime.trace.stop();
    expect(names(runtime.trace.toJSON(), 'B').size).toBe(0);
  });
});

it.each([
  { name: 'no events', call: () => runtime.trace.start({ eventsPerHart: 0 }), code: 'ERR_HARTS_TRACE_OPTION' },
  { name: 'too many events', call: () => runtime.trace.start({ eventsPerHart: 2 ** 24 + 1 }) },
  { name: 'half an event', call: () => runtime.trace.start({ eventsPerHart: 1.5 }) },
  { name: 'an unknown option', call: () => runtime.trace.start({ events: 1 } as object) },
  { name: 'no path', call: () => runtime.trace.write(undefined as unknown as string) },
  { name: 'a directory', call: () => runtime.trace.write(directory), code: 'ERR_HARTS_TRACE_WRITE' },
  { name: 'a full disk', call: () => runtime.trace.write('/dev/full'), code: 'ERR_HARTS_TRACE_WRITE' },
])('refuses $name', ({ call, code = 'ERR_HARTS_TRACE_OPTION' }) => {
  expect(call).toThrow(expect.objectContaining({ name: 'TraceError', code }));
});

it('refuses to start twice', () => {
  runtime.trace.start();
  expect(() => runtime.trace.start()).toThrow(expect.objectContaining({ code: 'ERR_HARTS_TRACE_RUNNING' }));
});

it.concurrent.each([
  { way: 'the end of the event loop', code: 0, signal: null, writes: true },
  { way: 'process.exit', code: 3, signal: null, writes: true },
  { way: 'SIGKILL', code: null, signal: 'SIGKILL', writes: false },
])('HARTS_TRACE: a process that ends by $way writes a file: $writes', async ({ way, code, signal, writes }) => {
  const own = mkdtempSync(join(directory, 'child-'));
  const script = new URL('children/traces.ts', import.meta.url);
  const child = await runChild(script, { args: [way], env: { HARTS_TRACE: join(own, 'of-%p.json') } });
  expect({ code: child.code, signal: child.signal, stderr: child.stderr }).toEqual({ code, signal, stderr: '' });
  const { pid, refused } = JSON.parse(child.stdout);
  expect(refused).toBe('ERR_HARTS_TRACE_RUNNING');
  expect(readdirSync(own)).toEqual(writes ? [`of-${pid}.json`] : []);
  if (!writes) return;
  const trace = JSON.parse(readFileSync(join(own, `of-${pid}.json`), 'utf8')) as ChromeTrace;
  checkForm(trace);
  expect([...names(trace, 'B')]).toContain('parallel');
});
