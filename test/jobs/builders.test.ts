import { describe, expect, it } from 'vitest';
import { type JobNode, job } from '../../src/jobs/index.js';
import { runtime } from '../../src/runtime/index.js';
import { plainKernels } from '../support/native_kernels.js';

const { nothing, square } = plainKernels();
const call = nothing.bind();
const flag = new Int32Array(1);
// What JS callers may pass although the types forbid it.
const wrong = (value: unknown) => value as never;

describe('a builder refuses', () => {
  it.each([
    [
      'a function for a node',
      () =>
        job.sequence(
          call,
          wrong(() => 1),
        ),
      'ERR_HARTS_JOB_NODE',
      'Child 2 of job.sequence',
    ],
    ['an unbound kernel for a node', () => job.repeat(2, wrong(nothing)), 'ERR_HARTS_JOB_NODE', 'kernel.bind'],
    ['undefined for a node', () => job.parallel([wrong(undefined)]), 'ERR_HARTS_JOB_NODE', 'undefined'],
    ['an object of another kind', () => job.repeat(1, wrong({ kind: 'dance' })), 'ERR_HARTS_JOB_NODE', 'dance'],
    ['branches that are no array', () => job.parallel(wrong(call)), 'ERR_HARTS_JOB_NODE', 'array of nodes'],
    ['an unknown scheduler', () => job.parallel([], wrong({ scheduler: 'x11' })), 'ERR_HARTS_JOB_SCHEDULER', "'x11'"],
    ['an unknown option', () => job.parallel([], wrong({ sheduler: 1 })), 'ERR_HARTS_JOB_OPTIONS', "'sheduler'"],
    ['options that are no object', () => job.until(flag, call, wrong(5)), 'ERR_HARTS_JOB_OPTIONS', '5'],
    ['a negative count', () => job.repeat(-1, call), 'ERR_HARTS_JOB_COUNT', '-1'],
    ['half a count', () => job.repeat(1.5, call), 'ERR_HARTS_JOB_COUNT', '1.5'],
    ['NaN for a count', () => job.forEach(Number.NaN, wrong(square)), 'ERR_HARTS_JOB_COUNT', 'NaN'],
    ['a string for a count', () => job.repeat(wrong('3'), call), 'ERR_HARTS_JOB_COUNT', "'3'"],
    ['too large a forEach', () => job.forEach(2 ** 31, wrong(square)), 'ERR_HARTS_JOB_COUNT', '2147483648'],
    ['an endless repeat', () => job.repeat(Number.POSITIVE_INFINITY, call), 'ERR_HARTS_JOB_COUNT', 'Infinity'],
    [
      'a plain function for a kernel',
      () =>
        job.forEach(
          3,
          wrong(() => 1),
        ),
      'ERR_HARTS_JOB_KERNEL',
      'kernel(fn)',
    ],
    ['a Float64Array for a flag', () => job.until(wrong(new Float64Array(1)), call), 'ERR_HARTS_JOB_FLAG', 'Float64'],
    ['an empty flag', () => job.until(new Int32Array(0), call), 'ERR_HARTS_JOB_FLAG', 'at least one'],
    ['a max of no passes', () => job.until(flag, call, { max: 0 }), 'ERR_HARTS_JOB_COUNT', 'max of job.until'],
  ])('%s', (_, build, code, part) => {
    expect(build).toThrow(expect.objectContaining({ name: 'JobError', code, message: expect.stringContaining(part) }));
  });
});

describe('run refuses', () => {
  it.each([
    ['what is no node', wrong(42), undefined, 'ERR_HARTS_JOB_NODE'],
    ['an unknown option', call, wrong({ abort: 1 }), 'ERR_HARTS_JOB_OPTIONS'],
    ['a signal that is none', call, wrong({ signal: {} }), 'ERR_HARTS_JOB_OPTIONS'],
    ['an onProgress that is no function', call, wrong({ onProgress: 1 }), 'ERR_HARTS_JOB_OPTIONS'],
  ])('%s', async (_, node, options, code) => {
    await expect(runtime.run(node, options)).rejects.toThrow(expect.objectContaining({ code }));
  });

  it('a job that is nested too deeply', async () => {
    let node: JobNode = call;
    for (let i = 0; i < 300; i++) node = job.sequence(node);
    await expect(runtime.run(node)).rejects.toThrow(expect.objectContaining({ code: 'ERR_HARTS_JOB_DEPTH' }));
  });

  it('a job that is small in memory but endless when written out', async () => {
    let node: JobNode = call;
    for (let i = 0; i < 60; i++) node = job.sequence(node, node);
    await expect(runtime.run(node)).rejects.toThrow(expect.objectContaining({ code: 'ERR_HARTS_JOB_SIZE' }));
  });
});

it('a node cannot be changed after it was made', () => {
  const nodes = [call];
  const sequence = job.sequence(...nodes);
  const parallel = job.parallel(nodes);
  nodes.push(call);
  expect(parallel.children).toHaveLength(1);
  expect(() => (sequence.children as JobNode[]).push(call)).toThrow(TypeError);
  expect(() => Object.assign(sequence, { kind: 'parallel' })).toThrow(TypeError);
});
