import type { TypedArray } from '../native/load.js';
import { Rejection } from './diagnostics.js';

/** Element kinds of the typed arrays that kernels may use. */
export type ElementKind = 'i8' | 'u8' | 'u8c' | 'i16' | 'u16' | 'i32' | 'u32' | 'f32' | 'f64';

/** What the pipeline specializes on: the element kind of an array, or the kind of a scalar. */
export type ArgumentClass = ElementKind | 'number' | 'boolean';

const ELEMENT_OF_TAG: Readonly<Record<string, ElementKind>> = {
  Int8Array: 'i8',
  Uint8Array: 'u8',
  Uint8ClampedArray: 'u8c',
  Int16Array: 'i16',
  Uint16Array: 'u16',
  Int32Array: 'i32',
  Uint32Array: 'u32',
  Float32Array: 'f32',
  Float64Array: 'f64',
};

const tagOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get as (
  this: unknown,
) => string | undefined;

/** The element kind of a typed array (a Buffer is `u8`), or `undefined` for any other value. */
export function elementKindOf(value: unknown): ElementKind | undefined {
  const tag = tagOf.call(value);
  return tag === undefined ? undefined : ELEMENT_OF_TAG[tag];
}

export function isElementKind(cls: ArgumentClass): cls is ElementKind {
  return cls !== 'number' && cls !== 'boolean';
}

/** The arguments of one call, sorted as the kernel ABI wants them. */
export interface Bound {
  /** One class per parameter; joined, it is the key of a variant. */
  readonly classes: readonly ArgumentClass[];
  readonly arrays: TypedArray[];
  readonly scalars: number[];
}

/**
 * Classifies the actual arguments of a call.
 *
 * @throws Rejection (phase `bind`) naming the first argument that has no class.
 */
export function bind(names: readonly string[], args: readonly unknown[]): Bound {
  const classes: ArgumentClass[] = [];
  const arrays: TypedArray[] = [];
  const scalars: number[] = [];
  for (let k = 0; k < names.length; k++) {
    const arg = args[k];
    if (typeof arg === 'number') {
      classes.push('number');
      scalars.push(arg);
    } else if (typeof arg === 'boolean') {
      classes.push('boolean');
      scalars.push(arg ? 1 : 0);
    } else {
      const element = elementKindOf(arg);
      if (element === undefined) {
        const got = arg === undefined || arg === null ? String(arg) : `of type ${describe(arg)}`;
        throw new Rejection(
          'bind',
          `argument \`${names[k]}\` is ${got}; kernels take typed arrays, numbers and booleans`,
        );
      }
      classes.push(element);
      arrays.push(arg as TypedArray);
    }
  }
  return { classes, arrays, scalars };
}

function describe(value: unknown): string {
  if (typeof value !== 'object') return typeof value;
  return (value as object).constructor?.name ?? 'object';
}

/**
 * Whether no two arrays share a byte. Arrays that follow the length of a resizable buffer count as sharing it.
 */
export function areSeparate(arrays: readonly TypedArray[]): boolean {
  const seen = new Map<ArrayBufferLike, TypedArray[]>();
  for (const array of arrays) {
    const { buffer, byteOffset, byteLength } = array;
    const others = seen.get(buffer);
    if (others === undefined) {
      seen.set(buffer, [array]);
      continue;
    }
    if ((buffer as { resizable?: boolean }).resizable || (buffer as { growable?: boolean }).growable) return false;
    for (const other of others) {
      if (byteOffset < other.byteOffset + other.byteLength && other.byteOffset < byteOffset + byteLength) return false;
    }
    others.push(array);
  }
  return true;
}
