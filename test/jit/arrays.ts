import type { TypedArray } from '../../src/native/load.js';

/** Typed arrays and numbers that can be copied, so that two runs start from the same inputs. */
export type Args = readonly (TypedArray | number | boolean)[];

export function copyArgs(args: Args): (TypedArray | number | boolean)[] {
  return args.map((a) => (typeof a === 'object' ? a.slice() : a));
}

const scratch = new DataView(new ArrayBuffer(8));

/** The bits of a number, with all NaN equal. */
export function bitsOf(x: number): string {
  if (Number.isNaN(x)) return 'NaN';
  scratch.setFloat64(0, x);
  return scratch.getBigUint64(0).toString(16);
}

/** Where two results differ in any bit, in words; `undefined` when they do not. */
export function difference(a: Args, b: Args): string | undefined {
  for (let k = 0; k < a.length; k++) {
    const [p, q] = [a[k], b[k]];
    if (typeof p !== 'object' || typeof q !== 'object') continue;
    for (let i = 0; i < p.length; i++) {
      if (bitsOf(p[i] as number) !== bitsOf(q[i] as number)) return `array ${k}[${i}]: ${p[i]} against ${q[i]}`;
    }
  }
  return undefined;
}

/** `undefined` (an element outside an array) is NaN to a kernel. */
export function valueBits(value: unknown): string {
  if (typeof value === 'boolean') return String(value);
  return bitsOf(value === undefined ? Number.NaN : (value as number));
}
