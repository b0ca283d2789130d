import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Call, Kernel, NativeEntry, TypedArray } from '../../src/jit/call.js';
import { native } from '../../src/native/load.js';

/**
 * Kernels written by hand against the kernel ABI, so that tests of jobs do not depend on the compiler of kernels. Each
 * has the same name as its JS twin in {@link plainFunctions} and does the same arithmetic.
 */
const source = `
#include <math.h>
#include <stdint.h>
#include <time.h>
typedef struct { void *data; int64_t length; } harts_array_t;
typedef const harts_array_t *arrays_t;
typedef const double *scalars_t;
static double *f64(arrays_t a, int i) { return a[i].data; }
static int32_t *i32(arrays_t a, int i) { return a[i].data; }

double square(arrays_t a, scalars_t s) { int64_t i = (int64_t)s[0]; f64(a, 1)[i] = f64(a, 0)[i] * f64(a, 0)[i]; return 0; }
double add(arrays_t a, scalars_t s) { f64(a, 0)[(int64_t)s[0]] += s[1]; return 0; }
double smooth(arrays_t a, scalars_t s) {
  int64_t i = (int64_t)s[0], n = a[0].length; const double *from = f64(a, 0);
  f64(a, 1)[i] = (from[(i + n - 1) % n] + from[i] + from[(i + 1) % n]) / 3;
  return 0;
}
double scale(arrays_t a, scalars_t s) { for (int64_t i = 0; i < a[0].length; i++) f64(a, 0)[i] *= s[0]; return 0; }
double affine(arrays_t a, scalars_t s) { f64(a, 0)[(int64_t)s[0]] = f64(a, 0)[(int64_t)s[0]] * s[1] + s[2]; return 0; }
double countTo(arrays_t a, scalars_t s) { if (++i32(a, 0)[0] >= s[0]) i32(a, 1)[0] = 1; return 0; }
double raise(arrays_t a, scalars_t s) { __atomic_store_n(&i32(a, 0)[(int64_t)s[0]], 1, __ATOMIC_SEQ_CST); return 0; }
double look(arrays_t a, scalars_t s) { __atomic_fetch_add(&i32(a, 0)[(int64_t)s[0]], 1, __ATOMIC_RELAXED); return 0; }
double nothing(arrays_t a, scalars_t s) { return 0; }
double work(arrays_t a, scalars_t s) {
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  do clock_gettime(CLOCK_MONOTONIC, &now);
  while ((now.tv_sec - start.tv_sec) * 1e6 + (now.tv_nsec - start.tv_nsec) / 1e3 < s[1]);
  __atomic_fetch_add(&i32(a, 0)[(int64_t)s[0]], 1, __ATOMIC_RELAXED);
  return 0;
}
`;

export const plainFunctions = {
  /** y[i] = x[i]^2 */
  square: (i: number, x: Float64Array, y: Float64Array) => {
    y[i] = x[i]! * x[i]!;
  },
  /** x[i] += amount */
  add: (i: number, x: Float64Array, amount: number) => {
    x[i]! += amount;
  },
  /** `to` is the mean of three neighbours in `from`, around the end. */
  smooth: (i: number, from: Float64Array, to: Float64Array) => {
    const n = from.length;
    to[i] = (from[(i + n - 1) % n]! + from[i]! + from[(i + 1) % n]!) / 3;
  },
  /** x *= factor */
  scale: (x: Float64Array, factor: number) => {
    for (let i = 0; i < x.length; i++) x[i]! *= factor;
  },
  /** x[i] = x[i] * factor + offset: the order of two of them shows. */
  affine: (x: Float64Array, i: number, factor: number, offset: number) => {
    x[i] = x[i]! * factor + offset;
  },
  /** Raises flag[0] when it has been called `limit` times. */
  countTo: (count: Int32Array, flag: Int32Array, limit: number) => {
    count[0]!++;
    if (count[0]! >= limit) flag[0] = 1;
  },
  /** flags[i] = 1 */
  raise: (flags: Int32Array, i: number) => {
    Atomics.store(flags, i, 1);
  },
  /** looks[i] += 1 */
  look: (looks: Int32Array, i: number) => {
    Atomics.add(looks, i, 1);
  },
  nothing: () => {},
  /** done[i] += 1 after some microseconds of computing. */
  work: (i: number, done: Int32Array, microseconds: number) => {
    const end = performance.now() + microseconds / 1000;
    while (performance.now() < end);
    Atomics.add(done, i, 1);
  },
};

type Functions = typeof plainFunctions;
type Kernels = { [K in keyof Functions]: Kernel<Parameters<Functions[K]>, void> };

/** The functions as kernels with native code. */
export function nativeKernels(): Kernels {
  const names = Object.keys(plainFunctions);
  const entries = loadEntries(source, names);
  return each((name, plain) => handMade(name, plain, withEntry(entries.get(name)!)));
}

/** Compiles C written against the kernel ABI and loads the functions of these names. */
export function loadEntries(code: string, names: readonly string[], flags: string[] = []): Map<string, NativeEntry> {
  const directory = mkdtempSync(join(tmpdir(), 'harts-test-'));
  try {
    const file = join(directory, 'kernels.c');
    const object = join(directory, 'kernels.so');
    writeFileSync(file, code);
    const options = ['-O1', '-ffp-contract=off', '-shared', '-fPIC', ...flags];
    execFileSync(process.env.HARTS_CC ?? 'cc', [...options, '-o', object, file, '-lm']);
    return new Map(names.map((name) => [name, native().loadEntry(object, name)]));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What `resolve` of a kernel with this native code says: typed arrays in order, then numbers in order. */
export function withEntry(entry: NativeEntry): Kernel<never, void>['resolve'] {
  return (args) => ({
    entry,
    arrays: args.filter((arg) => typeof arg === 'object') as TypedArray[],
    scalars: args.filter((arg) => typeof arg !== 'object').map(Number),
    returns: 'void',
  });
}

/** The same functions as kernels without native code. */
export function plainKernels(): Kernels {
  return each((name, plain) => handMade(name, plain, () => undefined));
}

/** A kernel of any function, with the native code that `resolve` says. */
export function handMade<A extends unknown[]>(
  name: string,
  plain: (...args: A) => void,
  resolve: Kernel<A, void>['resolve'] = () => undefined,
): Kernel<A, void> {
  const call = (...args: A) => {
    const resolved = resolve(args);
    if (resolved === undefined) return plain(...args);
    native().callEntry(resolved.entry, resolved.arrays, resolved.scalars);
  };
  const kernel = {
    plain,
    kernelName: name,
    resolve,
    bind: (...args: A): Call => ({ kind: 'call', kernel: call as Kernel<A, void>, args }),
    explain: () => {
      throw new Error('not part of this test');
    },
    source: () => undefined,
  };
  return Object.assign(call, kernel) as unknown as Kernel<A, void>;
}

function each(make: (name: string, plain: (...args: never[]) => void) => unknown): Kernels {
  return Object.fromEntries(
    Object.entries(plainFunctions).map(([name, plain]) => [name, make(name, plain)]),
  ) as Kernels;
}
