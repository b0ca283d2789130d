import { inspect } from 'node:util';
import { JobError } from '../errors.js';
import type { AnyKernel, JobNode } from './node_types.js';

const kinds = new Set(['call', 'sequence', 'parallel', 'forEach', 'repeat', 'until']);

/** A value as an error message shows it: on one line, and never long. */
export function show(value: unknown): string {
  if (typeof value === 'function') return value.name ? `the function ${value.name}` : 'a function';
  const text = inspect(value, {
    depth: 0,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: 3,
    maxStringLength: 40,
  });
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** `where` names the argument: "Child 2 of job.sequence". */
export function checkNode(where: string, value: unknown): JobNode {
  if (typeof value === 'object' && value !== null && kinds.has((value as { kind?: string }).kind ?? '')) {
    return value as JobNode;
  }
  const cure =
    typeof value === 'function' && 'bind' in value && 'resolve' in value
      ? 'Bind it to its arguments with kernel.bind(...).'
      : 'Give a node made by job.sequence, parallel, forEach, repeat or until, or by kernel.bind(...).';
  throw new JobError('ERR_HARTS_JOB_NODE', `${where} is ${show(value)}, not a job node. ${cure}`);
}

export function checkNodes(where: string, values: readonly unknown[]): readonly JobNode[] {
  return Object.freeze(values.map((value, i) => checkNode(`Child ${i + 1} of ${where}`, value)));
}

export function checkKernel(where: string, value: unknown): AnyKernel {
  if (typeof value === 'function' && typeof (value as Partial<AnyKernel>).resolve === 'function')
    return value as AnyKernel;
  const cure = typeof value === 'function' ? 'Wrap it: kernel(fn).' : 'Give a function made by kernel(fn).';
  throw new JobError('ERR_HARTS_JOB_KERNEL', `${where} is ${show(value)}, not a kernel. ${cure}`);
}

/** A whole number from `least` to `most`. */
export function checkCount(where: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new JobError(
    'ERR_HARTS_JOB_COUNT',
    `${where} is ${show(value)}. Give a whole number from ${least} to ${most}.`,
  );
}

export function checkFlag(where: string, value: unknown): Int32Array {
  if (value instanceof Int32Array && value.length > 0) return value;
  throw new JobError(
    'ERR_HARTS_JOB_FLAG',
    `${where} is ${show(value)}. Give an Int32Array with at least one element; the loop ends when element 0 is not 0.`,
  );
}

export function checkOptions(where: string, value: unknown, names: readonly string[]): Record<string, unknown> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null) {
    throw new JobError(
      'ERR_HARTS_JOB_OPTIONS',
      `The options of ${where} are ${show(value)}. Give an object or nothing.`,
    );
  }
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new JobError(
      'ERR_HARTS_JOB_OPTIONS',
      `${where} has no option ${show(unknown)}. It takes: ${names.join(', ')}.`,
    );
  }
  return value as Record<string, unknown>;
}
