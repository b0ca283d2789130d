import type { NativeEntry, TypedArray } from '../native/load.js';
import type { Explanation } from './explain.js';

export type { NativeEntry, TypedArray };

/** What a kernel's C entry needs for one call: arrays in parameter order, then numbers and booleans in order. */
export interface ResolvedCall {
  readonly entry: NativeEntry;
  readonly arrays: TypedArray[];
  readonly scalars: number[];
  readonly returns: 'void' | 'number' | 'boolean';
}

/** A kernel together with the arguments of one call: a node of a job. Arrays go by reference, numbers by value. */
export interface Call {
  readonly kind: 'call';
  readonly kernel: Kernel<any, any>;
  readonly args: readonly unknown[];
}

/**
 * A function that runs natively where it can and as plain JS where it cannot, with the same results.
 *
 * Made by `kernel()` and `stencil()`; both are used by jobs through `bind` and `resolve` alone.
 */
export interface Kernel<A extends unknown[], R> {
  (...args: A): R;
  /** The user's own function (for a stencil: the pure JS sweep). */
  readonly plain: (...args: A) => R;
  readonly kernelName: string;
  /** This call with these arguments, as a node of a job. */
  bind(...args: A): Call;
  /** Compiles for the classes of these arguments, from cache where possible; `undefined` means: run `plain`. */
  resolve(args: readonly unknown[]): ResolvedCall | undefined;
  /** What happened at the last call or `resolve`, and why. */
  explain(): Explanation;
  /** The standalone C of the last variant, or `undefined` when there is none. */
  source(): string | undefined;
}

/** Whether `value` is a call made by `kernel.bind`. */
export function isCall(value: unknown): value is Call {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'call';
}
