import { type Acquired, acquire } from './acquire.js';
import type { ArgumentClass } from './bind.js';
import { Rejection } from './diagnostics.js';
import type { Environment } from './lower.js';

const DROPPED = new Set(['start', 'end', 'loc', 'raw', 'range']);

/** A function's tree without positions and spelling: the same text for functions that differ in layout alone. */
export function normalisedTree(source: Acquired): string {
  return JSON.stringify(source.node, (key, value: unknown) => (DROPPED.has(key) ? undefined : encode(value)));
}

/** What JSON would lose. */
function encode(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    return `#${Object.is(value, -0) ? '-0' : value}`;
  return value;
}

/** Text that two kernels share exactly when they compile to the same code: tree, argument classes, environment. */
export function kernelIdentity(source: Acquired, classes: readonly ArgumentClass[], env: Environment): string {
  return JSON.stringify(['kernel', source.name, normalisedTree(source), classes, environmentIdentity(env)]);
}

/** The part of an identity that comes from `env`. */
export function environmentIdentity(env: Environment): readonly unknown[] {
  return Object.keys(env)
    .sort()
    .map((name) => {
      const value = env[name];
      if (typeof value !== 'function') return [name, typeof value, encode(value)];
      const plain = (value as { plain?: unknown }).plain;
      const fn = (typeof plain === 'function' ? plain : value) as (...args: never[]) => unknown;
      try {
        return [name, 'function', normalisedTree(acquire(fn))];
      } catch (error) {
        if (error instanceof Rejection) return [name, 'unreadable', error.message];
        throw error;
      }
    });
}
