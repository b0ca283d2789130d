// Ends this process, or a worker, in the way that argv[2] names, while a native job without an end is running.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { job } from '../../../src/jobs/index.js';
import { runtime } from '../../../src/runtime/index.js';
import { nativeKernels } from '../../support/native_kernels.js';

/** Starts endless native work and returns when it is under way. Its arrays belong to this thread's heap. */
async function startEndlessJob(): Promise<void> {
  const { work, smooth } = nativeKernels();
  const [x, y, done] = [new Float64Array(1 << 16).fill(1), new Float64Array(1 << 16), new Int32Array(40)];
  const step = job.sequence(job.forEach(1 << 16, smooth, x, y), job.forEach(40, work, done, 20));
  const branches = job.parallel([job.repeat(1e12, step), job.repeat(1e12, work.bind(0, done, 20))]);
  void runtime.run(branches).then(() => console.log('the job ended by itself'));
  while (Atomics.load(done, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}

const ways: Record<string, () => unknown> = {
  'process.exit': () => process.exit(7),
  'an uncaught error': () => {
    throw new Error('nobody catches this');
  },
  SIGTERM: () => process.kill(process.pid, 'SIGTERM'),
  'the end of the event loop, with nothing running': () => {},
};

async function withWorker(end: (worker: Worker) => unknown): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { workerData: way });
  worker.on('error', (error) => console.log(`worker error: ${error.message}`));
  // Not by once(), which would reject for a worker that is meant to fail: its error may come before its message.
  const exited = new Promise((resolve) => worker.on('exit', resolve));
  await new Promise((resolve) => worker.on('message', resolve));
  await end(worker);
  await exited;
}

const way: string = isMainThread ? process.argv[2]! : workerData;

if (!isMainThread) {
  await startEndlessJob();
  parentPort!.postMessage('running');
  if (way === 'a worker that calls process.exit') process.exit(0);
  if (way === 'a worker that throws') setTimeout(() => ways['an uncaught error']!(), 1);
} else if (way === 'worker.terminate') {
  for (let i = 0; i < 3; i++) {
    await withWorker((worker) => worker.terminate());
  }
  console.log(`jobs active: ${runtime.stats().jobsActive}`);
} else if (way === 'process.exit with a worker') {
  await withWorker(() => process.exit(7));
} else if (way.startsWith('a worker')) {
  await withWorker(() => {});
  console.log('worker ended');
} else if (way.includes('nothing running')) {
  const { scale } = nativeKernels();
  await runtime.run(scale.bind(Float64Array.of(1), 2));
  console.log('job ended');
} else {
  await startEndlessJob();
  console.log('running');
  setTimeout(() => ways[way]!(), 5);
}
