import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { KernelError } from '../../src/errors.js';
import { isCall } from '../../src/jit/call.js';
import { findToolchain } from '../../src/jit/compile.js';
import { formatReasons } from '../../src/jit/explain.js';
import { kernel } from '../../src/jit/kernel.js';

const cacheDir = mkdtempSync(join(tmpdir(), 'harts-kernel-'));
afterAll(() => rmSync(cacheDir, { recursive: true, force: true }));
const compiler = process.env.HARTS_CC;
afterEach(() => {
  if (compiler === undefined) delete process.env.HARTS_CC;
  else process.env.HARTS_CC = compiler;
});

const scale = (a: Float64Array, k: number): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    a[i] = (a[i] as number) * k;
    sum += a[i] as number;
  }
  return sum;
};

describe('a kernel', () => {
  it('runs_natively_and_keeps_the_plain_function', () => {
    const k = kernel(scale, { cacheDir });
    const a = Float64Array.of(1, 2, 3);
    expect(k(a, 2)).toBe(12);
    expect([...a]).toEqual([2, 4, 6]);
    expect(k.plain).toBe(scale);
    expect(k.kernelName).toBe('scale');
    expect(k.explain().status).toBe('native');
  });

  it('has_a_variant_per_list_of_argument_classes', () => {
    const k = kernel(scale as (a: Float64Array | Float32Array, k: number) => number, { cacheDir, strict: true });
    expect(k(Float64Array.of(0.1), 3)).toBe(0.1 * 3);
    expect(k(Float32Array.of(0.1), 3)).toBe(Math.fround(Math.fround(0.1) * 3));
  });

  it('binds_calls_that_jobs_can_resolve', () => {
    const k = kernel(scale, { cacheDir, name: 'renamed' });
    const a = Float64Array.of(1);
    const call = k.bind(a, 2);
    expect(isCall(call)).toBe(true);
    expect(call.kernel).toBe(k);
    const resolved = k.resolve(call.args);
    expect(resolved).toMatchObject({ arrays: [a], scalars: [2], returns: 'number' });
    expect([...a]).toEqual([1]);
    expect(k.kernelName).toBe('renamed');
  });

  it('runs_plainly_for_arguments_without_a_class_and_natively_again_after', () => {
    const k = kernel(scale as (a: Float64Array | number[], k: number) => number, { cacheDir });
    expect(k([1, 2], 2)).toBe(6);
    expect(k.explain()).toMatchObject({
      status: 'plain',
      reasons: [{ phase: 'bind', message: expect.stringMatching(/argument `a` is of type Array/) }],
    });
    expect(k(Float64Array.of(1, 2), 2)).toBe(6);
    expect(k.explain().status).toBe('native');
  });

  it('says_that_it_has_not_run_yet', () => {
    const k = kernel(scale, { cacheDir });
    expect(formatReasons(k.explain().reasons)).toBe('bind: `scale` has not been called yet');
    expect(k.source()).toBeUndefined();
  });

  it('prints_C_that_a_compiler_accepts_without_warnings', () => {
    const k = kernel(scale, { cacheDir });
    k(new Float64Array(2), 1);
    const source = k.source() as string;
    const file = join(cacheDir, 'printed.c');
    writeFileSync(file, source);
    const flags = [
      '-std=gnu11',
      '-fsyntax-only',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-Wno-unknown-pragmas',
      '-Wno-unused-function',
    ];
    const run = spawnSync(findToolchain().path, [...flags, file], { encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
  });

  it('does_not_let_names_of_the_user_reach_the_compiler_unescaped', () => {
    const fn = new Function(
      'ünï, int, $x, harts_entry',
      'let while_ = ünï + int; /* */ return while_ * $x + harts_entry;',
    ) as (...n: number[]) => number;
    const k = kernel(fn, { cacheDir, strict: true, name: '*/ system("x"); /*' });
    expect(k(1, 2, 3, 4)).toBe(13);
    expect(k.source()).not.toMatch(/system\(/);
  });
});

describe('a kernel that cannot be compiled', () => {
  const bad = (x: number): string => {
    const text = `value ${x}`;
    return text;
  };

  it('runs_plainly_and_explains_with_line_and_column', () => {
    const k = kernel(bad, { cacheDir });
    expect(k(3)).toBe('value 3');
    expect(k.resolve([3])).toBeUndefined();
    const { status, reasons, cache } = k.explain();
    expect({ status, cache }).toEqual({ status: 'plain', cache: undefined });
    expect(reasons).toMatchObject([{ phase: 'model', message: 'a template string cannot be compiled', line: 2 }]);
    expect(formatReasons(reasons)).toMatch(/^model 2:\d+: a template string/);
  });

  it('throws_under_strict_with_the_position', () => {
    const k = kernel(bad, { cacheDir, strict: true });
    try {
      k(3);
      expect.fail('did not throw');
    } catch (error) {
      expect(error).toBeInstanceOf(KernelError);
      expect(error).toMatchObject({ code: 'ERR_HARTS_KERNEL', position: { line: 2 } });
    }
    expect(() => kernel(Math.max, { strict: true })).toThrow(/native function/);
    expect(() => kernel(5 as never)).toThrow(KernelError);
  });

  it('propagates_the_very_error_that_plain_JS_throws', () => {
    const failure = new RangeError('mine');
    const k = kernel(
      (x: number) => {
        if (x > 0) throw failure;
        return x;
      },
      { cacheDir },
    );
    expect(k(-1)).toBe(-1);
    try {
      k(1);
      expect.fail('did not throw');
    } catch (error) {
      expect(error).toBe(failure);
    }
  });

  it('runs_plainly_without_a_compiler', () => {
    process.env.HARTS_CC = '/nonexistent';
    const k = kernel(scale, { cacheDir: join(cacheDir, 'none') });
    expect(k(Float64Array.of(1, 2), 3)).toBe(9);
    expect(k.explain()).toMatchObject({
      status: 'plain',
      reasons: [{ phase: 'compile', message: 'the compiler `/nonexistent` (from HARTS_CC) was not found' }],
    });
    expect(() => kernel(scale, { strict: true })(new Float64Array(1), 1)).toThrow(/\/nonexistent/);
  });

  it('runs_plainly_when_the_compiler_fails', () => {
    process.env.HARTS_CC = '/bin/false';
    const k = kernel(scale, { cacheDir: join(cacheDir, 'none') });
    expect(k(Float64Array.of(1, 2), 3)).toBe(9);
    expect(k.explain().reasons[0]?.message).toMatch(/failed with exit code 1/);
  });
});
