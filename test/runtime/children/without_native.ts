// What works, and what is refused, without the native core.
import { kernel } from '../../../src/jit/kernel.js';
import { job } from '../../../src/jobs/index.js';
import { runtime } from '../../../src/runtime/index.js';

const x = Float64Array.of(1, 2, 3);
const double = kernel((i: number, a: Float64Array) => {
  a[i]! *= 2;
});
const report = await runtime.run(job.repeat(2, job.forEach(3, double, x)));
let refused: { code?: string; message: string } = { message: '' };
try {
  runtime.topology();
} catch (error) {
  refused = error as typeof refused;
}
const { code, message } = refused;
console.log(JSON.stringify({ x: [...x], report, harts: runtime.harts, stats: runtime.stats().harts, code, message }));
