// Prints what a mixed job computes, as bits, and what the runtime did for it.
import { createHash } from 'node:crypto';
import { job } from '../../../src/jobs/index.js';
import { runtime } from '../../../src/runtime/index.js';
import { nativeKernels } from '../../support/native_kernels.js';

const k = nativeKernels();
const parts = Array.from({ length: 5 }, (_, p) => ({
  x: Float64Array.from({ length: 23 }, (_, i) => Math.sin(i + p)),
  y: new Float64Array(23),
}));
const sweep = ({ x, y }: (typeof parts)[number]) =>
  job.sequence(job.forEach(23, k.smooth, x, y), job.forEach(23, k.smooth, y, x));
const [count, flag] = [new Int32Array(1), new Int32Array(1)];
const all = job.sequence(
  job.repeat(200, job.sequence(...parts.map(sweep))),
  job.repeat(20, job.parallel(parts.map((part) => job.repeat(3, sweep(part))))),
  job.until(flag, job.sequence(sweep(parts[0]!), k.countTo.bind(count, flag, 300))),
);
const { native } = await runtime.run(all);
runtime.runSync(job.repeat(50, sweep(parts[1]!)));
const hash = createHash('sha256');
for (const { x, y } of parts) hash.update(x).update(y);
const { harts, virtual } = runtime.topology();
console.log(JSON.stringify({ native, harts, virtual, hash: hash.digest('hex'), count: count[0] }));
