// Several workers and the main thread run jobs at the same time, on shared and on own memory, and print what came out.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { job } from '../../../src/jobs/index.js';
import { runtime } from '../../../src/runtime/index.js';
import { nativeKernels } from '../../support/native_kernels.js';

const workers = 4;
const rounds = 15;

async function runJobs(shared: Float64Array, part: number): Promise<number> {
  const k = nativeKernels();
  const mine = shared.subarray(part * 25, part * 25 + 25);
  const own = new Float64Array(25);
  const there = job.sequence(job.forEach(25, k.smooth, mine, own), job.forEach(25, k.smooth, own, mine));
  for (let round = 0; round < rounds; round++) {
    await runtime.run(job.repeat(20, there));
    runtime.runSync(job.repeat(20, there));
  }
  return mine.reduce((sum, value) => sum + value, 0);
}

if (isMainThread) {
  const shared = new Float64Array(new SharedArrayBuffer(8 * 25 * (workers + 1))).map((_, i) => i);
  const sums = new Map<number, number>();
  const exits = Array.from({ length: workers }, (_, i) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { shared, part: i + 1 } });
    worker.on('message', (sum) => sums.set(i + 1, sum));
    return new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject));
  });
  sums.set(0, await runJobs(shared, 0));
  await Promise.all(exits);
  const { jobsActive, schedulers, jobsStarted } = runtime.stats();
  const rounded = Array.from({ length: workers + 1 }, (_, part) => Math.round(sums.get(part)!));
  console.log(JSON.stringify({ sums: rounded, jobsActive, schedulers, jobsStarted }));
} else {
  parentPort!.postMessage(await runJobs(workerData.shared, workerData.part));
}
