import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type Boundary, type Grid, type GridAccess, stencil } from '../../specializers/stencil/index.js';
import { bitsOf } from '../jit/arrays.js';

const SEED = Number(process.env.HARTS_TEST_SEED ?? 20261120);
const cacheDir = mkdtempSync(join(tmpdir(), 'harts-sweep-'));
afterAll(() => rmSync(cacheDir, { recursive: true, force: true }));

type Kind = typeof Float64Array | typeof Float32Array;

function grid(kind: Kind, shape: readonly number[], values: readonly number[] = []): Grid {
  const n = shape.reduce((a, b) => a * b, 1);
  const data = new kind(n);
  for (let i = 0; i < n; i++) data[i] = values[i % Math.max(1, values.length)] ?? 0;
  return { data, shape };
}

function expectSameBits(actual: Grid, expected: Grid, what: string): void {
  for (let i = 0; i < expected.data.length; i++) {
    const [a, b] = [actual.data[i] as number, expected.data[i] as number];
    if (bitsOf(a) !== bitsOf(b)) expect.fail(`${what}: point ${i} of [${expected.shape}] is ${a}, plain JS says ${b}`);
  }
}

const BOUNDARIES: Record<string, Boundary> = {
  clamp: 'clamp',
  periodic: 'periodic',
  reflect: 'reflect',
  neumann: 'neumann',
  gradient: { kind: 'neumann', gradient: 0.25 },
  dirichlet: { kind: 'dirichlet', value: -1.5 },
  'negative zero': { kind: 'dirichlet', value: -0 },
  'not a number': { kind: 'dirichlet', value: Number.NaN },
};
const MIXED_1D: Boundary = [[{ kind: 'dirichlet', value: 2 }, 'reflect']];
const MIXED_2D: Boundary = [[{ kind: 'neumann', gradient: -1 }, 'clamp'], 'periodic'];

const anyValue = fc.oneof(
  fc.double({ min: -100, max: 100 }),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e-310, 1e300),
);
const values = fc.sample(fc.array(anyValue, { minLength: 64, maxLength: 64 }), { numRuns: 2, seed: SEED });

const line = (u: GridAccess, k: number): number => {
  const flow = Math.max(u(-2), u(2)) - Math.min(u(1), 0);
  if (flow > k) return u(-1) - flow / 3;
  return u(0) + k * (u(-1) - 2 * u(0) + u(1));
};
const plane = (u: GridAccess, c: GridAccess, k: number): number => {
  const upwind = (a: number, b: number): number => (a * b > 0 ? Math.min(Math.abs(a), Math.abs(b)) : 0);
  const s = upwind(u(0, 0) - u(-1, 0), u(1, 0) - u(0, 0));
  return u(0, 0) + c(0, 0) * k * (u(0, -2) + u(0, 1) + u(-1, -1) + u(1, 1) - 4 * u(0, 0)) + s * c(1, -1);
};

describe(`a compiled sweep (seed ${SEED})`, () => {
  for (const kind of [Float64Array, Float32Array]) {
    const boundaries = Object.entries(BOUNDARIES);
    it.each([...boundaries, ['mixed', MIXED_1D] as const])(
      `equals_plain_JS_on_${kind.name}_lines: %s`,
      (_, boundary) => {
        const sweep = stencil(line, { boundary, cacheDir, strict: true });
        for (const n of [3, 4, 5, 9, 40]) {
          for (const data of values) {
            const input = grid(kind, [n], data);
            const [actual, expected] = [grid(kind, [n]), grid(kind, [n])];
            sweep(actual, input, 0.3);
            sweep.plain(expected, input, 0.3);
            expectSameBits(actual, expected, `n = ${n}`);
          }
        }
        expect(sweep.explain().status).toBe('native');
      },
    );

    it.each([...boundaries, ['mixed', MIXED_2D] as const])(
      `equals_plain_JS_on_${kind.name}_planes: %s`,
      (_, boundary) => {
        const sweep = stencil(plane, { boundary, cacheDir, strict: true });
        for (const shape of [
          [2, 3],
          [3, 5],
          [7, 4],
          [9, 17],
        ]) {
          for (const data of values) {
            const [u, c] = [grid(kind, shape, data), grid(Float64Array, shape, data.slice(7))];
            const [actual, expected] = [grid(kind, shape), grid(kind, shape)];
            sweep(actual, u, c, 0.1);
            sweep.plain(expected, u, c, 0.1);
            expectSameBits(actual, expected, `shape [${shape}]`);
          }
        }
      },
    );
  }

  it('runs_rows_in_parallel_with_the_same_bits', () => {
    const sweep = stencil(plane, { cacheDir, strict: true });
    const shape = [120, 130];
    const [u, c] = [grid(Float64Array, shape, values[0]), grid(Float64Array, shape, values[1])];
    const [actual, expected] = [grid(Float64Array, shape), grid(Float64Array, shape)];
    sweep(actual, u, c, 0.1);
    sweep.plain(expected, u, c, 0.1);
    expectSameBits(actual, expected, 'large');
  });

  it.each([1, 2, 5])('iterates_%i_times_between_two_buffers_and_leaves_its_input_alone', (iterations) => {
    const sweep = stencil((u: GridAccess, k: number) => u(0, 0) + k * (u(-1, 0) + u(1, 0) - 2 * u(0, 0)), {
      boundary: 'periodic',
      iterations,
      cacheDir,
      strict: true,
    });
    const input = grid(Float64Array, [6, 5], [1, 2, 3, 5, 8, 13, 21]);
    const before = input.data.slice();
    const [actual, expected] = [grid(Float64Array, [6, 5]), grid(Float64Array, [6, 5])];
    sweep(actual, input, 0.2);
    sweep.plain(expected, input, 0.2);
    expectSameBits(actual, expected, `${iterations} iterations`);
    expect(input.data).toEqual(before);
  });

  it('writes_several_outputs_that_feed_back_into_their_grids', () => {
    const react = (u: GridAccess, v: GridAccess, f: number): readonly number[] => {
      const uvv = u(0, 0) * v(0, 0) * v(0, 0);
      const spread = u(-1, 0) + u(1, 0) + u(0, -1) + u(0, 1) - 4 * u(0, 0);
      if (f < 0) return [0, 1];
      return [u(0, 0) + 0.2 * spread - uvv + f * (1 - u(0, 0)), v(0, 0) + uvv - (f + 0.06) * v(0, 0)];
    };
    const sweep = stencil(react, { boundary: 'periodic', iterations: 4, cacheDir, strict: true });
    const shape = [8, 9];
    const [u, v] = [grid(Float64Array, shape, [1, 0.9, 0.8, 1]), grid(Float64Array, shape, [0, 0.1, 0.5])];
    const [actual, expected] = [
      [0, 1].map(() => grid(Float64Array, shape)),
      [0, 1].map(() => grid(Float64Array, shape)),
    ];
    sweep(actual, u, v, 0.03);
    sweep.plain(expected, u, v, 0.03);
    actual.forEach((a, k) => {
      expectSameBits(a, expected[k] as Grid, `output ${k}`);
    });
  });

  it('reads_grids_inside_nested_functions_and_uses_helpers_from_env', () => {
    const half = (x: number): number => x / 2;
    const nested = (u: GridAccess, on: boolean): number => {
      const across = (s: number): number => u(-1) * s - u(1);
      let sum = 0;
      for (let k = 0; k < 3; k++) sum += across(k);
      return on ? half(sum) : u(0);
    };
    const sweep = stencil(nested, { env: { half }, boundary: 'reflect', cacheDir, strict: true });
    for (const on of [true, false]) {
      const input = grid(Float64Array, [9], values[0]);
      const [actual, expected] = [grid(Float64Array, [9]), grid(Float64Array, [9])];
      sweep(actual, input, on);
      sweep.plain(expected, input, on);
      expectSameBits(actual, expected, `on = ${on}`);
    }
  });

  it('takes_a_bare_array_as_a_line_and_prints_standalone_C', () => {
    const sweep = stencil((u: GridAccess) => (u(-1) + u(1)) / 2, { cacheDir, strict: true });
    const out = new Float64Array(5);
    sweep(out, Float64Array.of(0, 2, 4, 8, 16));
    expect([...out]).toEqual([1, 2, 5, 10, 12]);
    expect(sweep.source()).toMatch(/#pragma omp parallel for simd/);
    expect(sweep.source()).toMatch(/^double harts_entry\(/m);
  });

  it('resolves_and_binds_like_a_kernel', () => {
    const sweep = stencil((u: GridAccess, k: number) => u(0) * k, { cacheDir, name: 'scale' });
    const [out, input] = [new Float64Array(4), Float64Array.of(1, 2, 3, 4)];
    const call = sweep.bind(out, input, 3);
    expect(call).toMatchObject({ kind: 'call', kernel: sweep, args: [out, input, 3] });
    const resolved = sweep.resolve(call.args);
    expect(resolved?.arrays.slice(0, 2)).toEqual([out, input]);
    expect(resolved?.scalars).toEqual([1, 4, 1, 3]);
    expect(sweep.kernelName).toBe('scale');
  });
});
