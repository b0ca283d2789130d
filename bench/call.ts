import { kernel, runtime } from '../src/index.js';
import type { Benchmark, Instrument } from './harness/instrument.js';
import { jsFunctions } from './harness/js_functions.js';

function add(a: number, b: number): number {
  return a + b;
}

function sum(x: Float64Array): number {
  let total = 0;
  for (let i = 0; i < x.length; i += 1) total += x[i]!;
  return total;
}

/** Calls of compiled functions from JS, beside the same functions called as they are. */
export const call: Benchmark = {
  name: 'call',
  what: 'what it costs to call compiled code from JavaScript, and from when on it pays',
  rounds: 40,
  open: async () => measurements(),
};

const calls = 100;

function measurements(): Instrument {
  const compiledAdd = kernel(add);
  const compiledSum = kernel(sum);
  const short = ramp(100);
  const long = ramp(10_000);
  const sink = new Float64Array(1); // keeps the results alive
  const many = (once: (i: number) => number) => () => {
    for (let i = 0; i < calls; i += 1) sink[0]! += once(i);
  };
  // The first calls compile; whether they could is known after them.
  sink[0]! += compiledAdd(1, 2) + compiledSum(short);
  const refused = [compiledAdd, compiledSum]
    .map((compiled) => compiled.explain())
    .find(({ status }) => status !== 'native');
  const unavailable =
    refused && `The functions were not compiled: ${refused.reasons.map(({ message }) => message).join(' ')}`;
  const contender = (name: string, what: string, once: (i: number) => number, needsNative: boolean) => ({
    name,
    what,
    run: many(once),
    ...(needsNative && unavailable !== undefined ? { unavailable } : {}),
  });
  const trio = (compiled: (i: number) => number, job: () => number, plain: (i: number) => number) => [
    contender('kernel', 'called directly', compiled, true),
    contender('run_sync', 'as a job on harts, runtime.runSync', job, true),
    contender('plain', 'the same function in JavaScript', plain, false),
  ];
  const jobOf = (node: Parameters<typeof runtime.runSync>[0]) => () => {
    runtime.runSync(node);
    return 1;
  };
  return jsFunctions([
    {
      name: 'add',
      what: 'a function that adds two numbers',
      baseline: 'plain',
      operations: calls,
      contenders: trio(
        (i) => compiledAdd(i, 2),
        jobOf(compiledAdd.bind(1, 2)),
        (i) => add(i, 2),
      ),
    },
    {
      name: 'sum_100',
      what: 'the sum of 100 elements',
      baseline: 'plain',
      operations: calls,
      contenders: trio(
        () => compiledSum(short),
        jobOf(compiledSum.bind(short)),
        () => sum(short),
      ),
    },
    {
      name: 'sum_10000',
      what: 'the sum of 10,000 elements',
      baseline: 'plain',
      operations: calls,
      contenders: trio(
        () => compiledSum(long),
        jobOf(compiledSum.bind(long)),
        () => sum(long),
      ),
    },
  ]);
}

function ramp(length: number): Float64Array {
  return Float64Array.from({ length }, (_, index) => index);
}
