// A process that runs a job and ends in the way it is told.
import { job } from '../../../src/jobs/index.js';
import { runtime } from '../../../src/runtime/index.js';
import { nativeKernels } from '../../support/native_kernels.js';

const { work } = nativeKernels();
const done = new Int32Array(64);
await runtime.run(job.repeat(3, job.parallel([1, 2].map(() => job.forEach(64, work, done, 50)))));
let refused = '';
try {
  runtime.trace.start();
} catch (error) {
  refused = (error as { code: string }).code;
}
console.log(JSON.stringify({ pid: process.pid, refused }));
if (process.argv[2] === 'process.exit') process.exit(3);
if (process.argv[2] === 'SIGKILL') process.kill(process.pid, 'SIGKILL');
