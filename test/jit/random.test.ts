import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquire } from '../../src/jit/acquire.js';
import { areSeparate } from '../../src/jit/bind.js';
import { compileObject, findToolchain, KERNEL_FLAGS } from '../../src/jit/compile.js';
import { generateFile } from '../../src/jit/generate.js';
import { returnKind } from '../../src/jit/infer.js';
import { interpret } from '../../src/jit/interpret.js';
import type { Program } from '../../src/jit/ir.js';
import { analyseProgram, modelKernel } from '../../src/jit/pipeline.js';
import { native } from '../../src/native/load.js';
import { type Args, difference, valueBits } from './arrays.js';
import { CLASSES, instantiate, type RandomKernel, randomKernel } from './random_kernel.js';

const SEED = Number(process.env.HARTS_TEST_SEED ?? 20261120);
const KERNELS = Number(process.env.HARTS_TEST_KERNELS ?? 80);
const PER_OBJECT = 40;
const INPUTS = 8;

const SPECIAL = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  3,
  7,
  255,
  256,
  300,
  -300,
  2 ** 31,
  -(2 ** 31),
  2 ** 32 + 1,
  2 ** 53,
  1e-310,
  1e300,
  -1e300,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0.49999999999999994,
];
const anyNumber = fc.oneof(fc.constantFrom(...SPECIAL), fc.integer({ min: -12, max: 12 }), fc.double());
const tape = fc.array(fc.nat(0xffff), { minLength: 120, maxLength: 400 });
const inputs = fc.record({
  floats: fc.array(anyNumber, { minLength: 30, maxLength: 30 }),
  lengths: fc.array(fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 20, max: 40 })), {
    minLength: 6,
    maxLength: 6,
  }),
  shared: fc.integer({ min: -1, max: 3 }),
  starts: fc.tuple(fc.integer({ min: -2, max: 5 }), fc.integer({ min: -2, max: 9 })),
  scalars: fc.tuple(anyNumber, anyNumber, fc.oneof(fc.integer({ min: -3, max: 9 }), anyNumber)),
  flag: fc.boolean(),
});
type Inputs = () => Args;

function makeArgs(input: {
  floats: number[];
  lengths: number[];
  starts: [number, number];
  scalars: [number, number, number];
  flag: boolean;
  shared: number;
}): Args {
  const at = (k: number): number => input.floats[k % input.floats.length] as number;
  const fill = (n: number, from: number): number[] => Array.from({ length: n }, (_, i) => at(from + i));
  const [la, lb, lf, ln, lc, lu] = input.lengths as [number, number, number, number, number, number];
  const ints = fill(ln, 9);
  input.starts.forEach((v, i) => {
    if (i < ints.length) ints[i] = v;
  });
  const first = Float64Array.from(fill(la + 4, 0));
  // Two arrays may be windows of one buffer, a few elements apart.
  const second = input.shared < 0 ? Float64Array.from(fill(lb, 5)) : first.subarray(input.shared, input.shared + la);
  return [
    first.subarray(0, la),
    second,
    Float32Array.from(fill(lf, 11)),
    Int32Array.from(ints),
    Uint8ClampedArray.from(fill(lc, 17)),
    Uint16Array.from(fill(lu, 3)),
    ...input.scalars,
    input.flag,
  ];
}

interface Candidate {
  readonly kernel: RandomKernel;
  readonly plain: (...args: unknown[]) => unknown;
  readonly model: Program;
  readonly analysed: Program;
}

describe(`random kernels (seed ${SEED})`, () => {
  const candidates: Candidate[] = [];
  const cases: Inputs[] = [];
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'harts-random-'));
    for (const drawn of fc.sample(tape, { numRuns: KERNELS, seed: SEED })) {
      const kernel = randomKernel(drawn);
      const { fn, env } = instantiate(kernel);
      const source = acquire(fn as never);
      const model = modelKernel(source, CLASSES, env);
      const analysed = modelKernel(source, CLASSES, env);
      analyseProgram(analysed, CLASSES);
      candidates.push({ kernel, plain: fn, model, analysed });
    }
    cases.push(...fc.sample(inputs, { numRuns: INPUTS, seed: SEED }).map((i) => () => makeArgs(i as never)));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function compare(candidate: Candidate, run: (args: Args) => unknown): void {
    for (const input of cases) {
      const expected = input();
      const actual = input();
      const wanted = candidate.plain(...expected);
      const got = run(actual);
      const kind = returnKind(candidate.analysed);
      const value = kind === 'boolean' && typeof got === 'number' ? got !== 0 : got;
      const differs = difference(expected, actual);
      const same = valueBits(wanted) === valueBits(value);
      if (differs !== undefined || !same) {
        const what = differs ?? `returned ${value} instead of ${wanted}`;
        expect.fail(
          `seed ${SEED}: ${what}\n${candidate.kernel.text}\narguments: ${input()
            .map((a) => (typeof a === 'object' ? `[${a}]` : String(Object.is(a, -0) ? '-0' : a)))
            .join('; ')}`,
        );
      }
    }
  }

  it('are_interpreted_as_plain_JS_runs_them', () => {
    for (const c of candidates) compare(c, (args) => interpret(c.model, args));
  });

  it('run_compiled_bit_for_bit_as_plain_JS_does', { timeout: 120_000 }, () => {
    const toolchain = findToolchain();
    for (let k = 0; k < candidates.length; k += PER_OBJECT) {
      const batch = candidates.slice(k, k + PER_OBJECT);
      const object = join(directory, `batch${k}.so`);
      const source = generateFile(
        'random',
        batch.map((c, j) => ({ program: c.analysed, symbol: `harts_random_${j}` })),
      );
      compileObject(toolchain, KERNEL_FLAGS, source, object);
      batch.forEach((c, j) => {
        const entry = native().loadEntry(object, `harts_random_${j}`);
        compare(c, (args) => {
          const arrays = args.filter((a) => typeof a === 'object');
          const scalars = [...args.filter((a) => typeof a !== 'object').map(Number), areSeparate(arrays) ? 1 : 0];
          return native().callEntry(entry, [...arrays, new Int32Array(1)], scalars);
        });
      });
    }
  });
});
