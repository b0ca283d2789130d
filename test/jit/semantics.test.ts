import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { KernelError } from '../../src/errors.js';
import { kernel } from '../../src/jit/kernel.js';
import { type Args, bitsOf, copyArgs, difference, valueBits } from './arrays.js';

const cacheDir = mkdtempSync(join(tmpdir(), 'harts-semantics-'));
afterAll(() => rmSync(cacheDir, { recursive: true, force: true }));

const VALUES = [
  0,
  -0,
  0.5,
  -0.5,
  0.49999999999999994,
  -0.49999999999999994,
  1,
  -1,
  1.5,
  -1.5,
  2.5,
  -2.5,
  3.7,
  -3.7,
  127,
  128,
  -129,
  255,
  255.5,
  256,
  254.5,
  253.5,
  32768,
  65535,
  65536,
  2 ** 31,
  -(2 ** 31),
  2 ** 31 - 1,
  2 ** 32,
  2 ** 32 + 5,
  2 ** 53,
  2 ** 53 + 2,
  4503599627370497,
  1e20,
  -1e20,
  1e300,
  -1e300,
  5e-324,
  1e-310,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];
const INPUT = Float64Array.from(VALUES);

type Binary = (a: Float64Array, b: Float64Array, out: Float64Array) => void;

/** Runs an expression in `x` and `y` over all pairs of values, natively and plainly. */
function overPairs(expression: string): { native: Float64Array; plain: Float64Array } {
  const text = `(a, b, out) => { for (let i = 0; i < a.length; i++) for (let j = 0; j < b.length; j++) {
    const x = a[i]; const y = b[j]; out[i * b.length + j] = ${expression}; } }`;
  const fn = new Function(`return ${text}`)() as Binary;
  const compiled = kernel(fn, { cacheDir, strict: true });
  const n = INPUT.length ** 2;
  const [native, plain] = [new Float64Array(n), new Float64Array(n)];
  compiled(INPUT, INPUT, native);
  fn(INPUT, INPUT, plain);
  return { native, plain };
}

function firstDifference({ native, plain }: { native: Float64Array; plain: Float64Array }): string | undefined {
  for (let k = 0; k < plain.length; k++) {
    if (bitsOf(native[k] as number) !== bitsOf(plain[k] as number)) {
      const [x, y] = [VALUES[Math.floor(k / VALUES.length)], VALUES[k % VALUES.length]];
      return `x = ${Object.is(x, -0) ? '-0' : x}, y = ${Object.is(y, -0) ? '-0' : y}: ${native[k]} instead of ${plain[k]}`;
    }
  }
  return undefined;
}

/** Distance in units of the last place. */
function ulps(a: number, b: number): number {
  if (Object.is(a, b) || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Number.POSITIVE_INFINITY;
  const view = new DataView(new ArrayBuffer(8));
  const ordered = (x: number): bigint => {
    view.setFloat64(0, x);
    const bits = view.getBigInt64(0);
    return bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits;
  };
  const d = ordered(a) - ordered(b);
  return Number(d < 0n ? -d : d);
}

describe('compiled arithmetic equals JS bit for bit', () => {
  it.each([
    ['+ - * /', 'x + y * 3 - x / y'],
    ['%', 'x % y'],
    [
      'comparisons',
      '(x < y ? 1 : 0) + (x <= y ? 2 : 0) + (x === y ? 4 : 0) + (x !== y ? 8 : 0) + (x > y ? 16 : 0) + (x >= y ? 32 : 0)',
    ],
    ['bit operations', '(x | y) + (x & y) * 3 + (x ^ y) * 5 + (~x)'],
    ['shifts', '(x << y) + (x >> y) * 3 + (x >>> y)'],
    ['max and min', 'Math.max(x, y) * 4 + Math.min(x, y)'],
    ['sign of max', '1 / Math.max(x, y)'],
    ['sign of min', '1 / Math.min(x, y)'],
    ['max of constants', 'Math.max(x, 0) + Math.min(y, 0) + Math.max(1e-9, x)'],
    ['imul', 'Math.imul(x, y)'],
    ['round', 'Math.round(x) + 1 / Math.round(y)'],
    ['floor ceil trunc', 'Math.floor(x) * 3 + Math.ceil(x) * 5 + Math.trunc(x) + 1 / Math.ceil(y)'],
    ['abs sqrt sign', 'Math.abs(x) + Math.sqrt(y) + 1 / Math.sign(x)'],
    ['fround', 'Math.fround(x) + Math.fround(x * y)'],
    ['clz32', 'Math.clz32(x) + Math.clz32(y) * 64'],
    ['hypot', 'Math.hypot(x, y) + Math.hypot(x) + Math.hypot(x, y, 3)'],
    ['logical values', '(x && y) + (x || 7)'],
    ['conditions', '(!x ? 1 : 0) + (x && !y ? 2 : 0) + (x || y ? 4 : 0)'],
    [
      'tests',
      '(Number.isNaN(x) ? 1 : 0) + (Number.isFinite(y) ? 2 : 0) + (isFinite(x) ? 4 : 0) + (Number.isInteger(y) ? 8 : 0)',
    ],
    ['unary', '-x + +y + 1 / -x'],
    ['integer ranges', '((x | 0) + (y | 0)) * 2 - ((x & 1023) * (y & 1023)) % 7 + (-(x & 3))'],
    ['integer remainder', '1 / ((x | 0) % 5) + ((y | 0) % -3)'],
    ['zeros of integer products', '1 / ((x | 0) * (y & 7)) + 1 / ((y & 3) * -2)'],
    ['integer extremes', 'Math.max(x | 0, y & 15) + Math.min(x >>> 0, 9) + Math.abs(y | 0)'],
  ])('%s', (_, expression) => {
    expect(firstDifference(overPairs(expression))).toBeUndefined();
  });

  it.each([
    'Math.exp(x)',
    'Math.log(x)',
    'Math.sin(x)',
    'Math.cos(x)',
    'Math.tan(x)',
    'Math.atan(x)',
    'Math.atan2(x, y)',
    'Math.cbrt(x)',
    'Math.log2(x)',
    'Math.log10(x)',
    'Math.log1p(x)',
    'Math.expm1(x)',
    'Math.sinh(x)',
    'Math.tanh(x)',
    'Math.asin(x)',
    'Math.pow(x, y)',
    'x ** y',
  ])('within one ulp: %s', (expression) => {
    const { native, plain } = overPairs(expression);
    let worst = 0;
    for (let k = 0; k < plain.length; k++) worst = Math.max(worst, ulps(native[k] as number, plain[k] as number));
    expect(worst).toBeLessThanOrEqual(1);
  });
});

/** Runs a function natively and plainly on copies of the same arguments. */
function both(text: string, args: Args, env: Record<string, unknown> = {}): string | undefined {
  const names = Object.keys(env);
  const fn = new Function(...names, `return ${text}`)(...names.map((n) => env[n])) as (...a: unknown[]) => unknown;
  const compiled = kernel(fn, { cacheDir, strict: true, env });
  const [actual, expected] = [copyArgs(args), copyArgs(args)];
  const got = compiled(...actual);
  const wanted = fn(...expected);
  if (valueBits(got ?? 0) !== valueBits(wanted ?? 0)) return `returned ${got} instead of ${wanted}`;
  return difference(actual, expected);
}

describe('compiled array accesses equal JS', () => {
  it.each([
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
  ])('stores_and_loads_of_%o', (kind) => {
    const text =
      '(s, t, u) => { for (let i = 0; i < s.length; i++) { t[i] = s[i]; u[i] = t[i] * 2; t[i] += s[i] / 3; t[i]++; } }';
    expect(both(text, [INPUT, new kind(INPUT.length), new Float64Array(INPUT.length)])).toBeUndefined();
  });

  it('ignores_writes_outside_and_reads_NaN_there', () => {
    const text = '(a, i) => { a[i] = 7; a[i] += 1; a[-1] = 3; a[1.5] = 2; return a[i] + 1; }';
    for (const i of [-1, 0, 2, 3, 1.5, -0, Number.NaN, 2 ** 40, Number.POSITIVE_INFINITY]) {
      expect(both(text, [Float64Array.of(1, 2, 3), i]), `index ${i}`).toBeUndefined();
    }
  });

  it('falls_out_of_the_fast_loop_when_a_range_leaves_the_array', () => {
    const text =
      '(a, b, from, to) => { let s = 0; for (let i = from; i < to; i++) { b[i] = a[i + 1]; s += b[i]; } return s; }';
    const [a, b] = [Float64Array.of(1, 2, 3, 4, 5), new Float64Array(4)];
    for (const [from, to] of [
      [0, 4],
      [0, 5],
      [-2, 3],
      [0.5, 4],
      [0, 3.5],
      [3, 1],
      [0, Number.NaN],
      [2 ** 33, 2 ** 33 + 2],
    ]) {
      expect(both(text, [a, b, from as number, to as number]), `${from}..${to}`).toBeUndefined();
    }
  });

  it('tells_undefined_from_NaN_in_equality', () => {
    const text =
      '(a, b, i) => (a[i] === b[i] ? 1 : 0) + (a[i] !== b[9] ? 2 : 0) + (Number.isNaN(a[i]) ? 4 : 0) + (a[i] == b[i + 1] ? 8 : 0)';
    for (const i of [0, 1, 5])
      expect(both(text, [Float64Array.of(Number.NaN, 1), Float64Array.of(1, 1), i])).toBeUndefined();
  });

  it('is_right_when_arrays_share_memory', () => {
    const fn = (a: Float64Array, b: Float64Array): void => {
      for (let i = 0; i < b.length; i++) b[i] = 2 * (a[i] as number);
    };
    const compiled = kernel(fn, { cacheDir, strict: true });
    const run = (f: typeof fn): Float64Array => {
      const whole = Float64Array.from({ length: 40 }, (_, i) => i);
      f(whole.subarray(0, 30), whole.subarray(1, 31));
      return whole;
    };
    expect(run(compiled)).toEqual(run(fn));
    const reinterpret = (a: Float32Array, b: Int32Array): void => {
      for (let i = 0; i < a.length; i++) {
        a[i] = i * 1.5;
        b[i] = (b[i] as number) + 1;
      }
    };
    const shared = (f: typeof reinterpret): Int32Array => {
      const buffer = new ArrayBuffer(64);
      f(new Float32Array(buffer), new Int32Array(buffer));
      return new Int32Array(buffer);
    };
    expect(shared(kernel(reinterpret, { cacheDir, strict: true }))).toEqual(shared(reinterpret));
  });
});

describe('compiled functions', () => {
  it('let_nested_functions_see_and_change_the_loop_around_them', () => {
    const text = `(a, b, n) => {
      let count = 0;
      for (let i = 1; i < n; i++) {
        const w = a[i] * 2;
        const mix = (k) => { count += i; return a[i - 1] * w + k * i; };
        if (a[i] > 0) b[i] = mix(3);
        else b[i] = mix(i) + mix(1);
      }
      function last(j) { return j > 0 ? b[j] + last(j - 1) : count; }
      return last(n - 1);
    }`;
    const a = Float64Array.from({ length: 30 }, (_, i) => Math.sin(i));
    for (const n of [0, 5, 30, 33]) expect(both(text, [a, new Float64Array(30), n]), `n = ${n}`).toBeUndefined();
  });

  it('do_not_call_helpers_that_JS_does_not_call', () => {
    const steps = new Function(
      'return (n) => { let k = 0; while (n !== 1) { n = n % 2 === 0 ? n / 2 : 3 * n + 1; k++; } return k; }',
    )();
    expect(both('(x) => (x && steps(x)) + (x - 27 || steps(x))', [27], { steps })).toBeUndefined();
    expect(both('(x) => (x && steps(x)) + (x ? steps(x) : 5)', [0], { steps })).toBeUndefined();
  });

  it('call_helpers_with_arrays_and_recursion', () => {
    const gcd = new Function('return function gcd(a, b) { return b === 0 ? a : gcd(b, a % b); }')();
    const sum = new Function('return (s, n) => { let t = 0; for (let i = 0; i < n; i++) t += s[i]; return t; }')();
    expect(
      both('(a, x, y) => sum(a, a.length) * K + gcd(x, y)', [INPUT.slice(0, 20), 1071, 462], { gcd, sum, K: 0.1 }),
    ).toBeUndefined();
  });

  it('return_booleans_numbers_and_nothing', () => {
    expect(kernel((x: number) => x > 1, { cacheDir, strict: true })(2)).toBe(true);
    expect(kernel((x: boolean) => !x, { cacheDir, strict: true })(true)).toBe(false);
    expect(kernel((x: number) => x * 2, { cacheDir, strict: true })(2)).toBe(4);
    expect(
      kernel(
        (a: Float64Array) => {
          a[0] = 1;
        },
        { cacheDir, strict: true },
      )(new Float64Array(1)),
    ).toBeUndefined();
  });

  it('stop_recursion_that_never_ends', () => {
    const forever = new Function('return function forever(n) { return forever(n + 1) + forever(n + 2); }')();
    const run = kernel(new Function('forever', 'return (x) => forever(x)')(forever), {
      cacheDir,
      strict: true,
      env: { forever },
    });
    expect(() => run(1)).toThrow(KernelError);
    expect(() => run(1)).toThrow(/recursed more than 2000 deep/);
  });
});
