import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type GridAccess, stencil } from '../../specializers/stencil/index.js';
import { KernelError, ShapeError } from '../../src/errors.js';

const cacheDir = mkdtempSync(join(tmpdir(), 'harts-stencil-'));
afterAll(() => rmSync(cacheDir, { recursive: true, force: true }));
const compiler = process.env.HARTS_CC;
afterEach(() => {
  if (compiler === undefined) delete process.env.HARTS_CC;
  else process.env.HARTS_CC = compiler;
});

const average = (u: GridAccess): number => (u(-1, 0) + u(1, 0)) / 2;
const f64 = (shape: number[]) => ({ data: new Float64Array(shape.reduce((a, b) => a * b, 1)), shape });

describe('a sweep with wrong grids', () => {
  const sweep = stencil(average, { cacheDir });

  it('names_the_grid_its_shape_and_the_shape_expected', () => {
    expect(() => sweep(f64([4, 5]), f64([4, 4]))).toThrow(
      new ShapeError('Grid `u` has shape [4, 4]; expected [4, 5], the shape of `out`.'),
    );
    expect(() => sweep(f64([4, 5]), { data: new Float64Array(3), shape: [4, 5] })).toThrow(
      /`u` .* needs 20 elements.* has 3/,
    );
    expect(() => sweep(f64([4, 5]), new Float64Array(20))).toThrow(/`u` has shape \[20\], but the stencil has 2 axes/);
    expect(() => sweep({ data: new Float64Array(8), shape: [2, 2, 2] }, f64([2, 2]))).toThrow(/`out` has 3 axes/);
    expect(() => sweep({ data: new Int32Array(4) as never, shape: [2, 2] }, f64([2, 2]))).toThrow(
      /Float64Array or a Float32Array/,
    );
  });

  it('refuses_to_write_what_it_reads', () => {
    const same = f64([3, 3]);
    expect(() => sweep(same, same)).toThrow(/`out` and `u` share memory/);
  });

  it('refuses_a_grid_smaller_than_the_reach_natively_and_plainly', () => {
    const far = stencil((u: GridAccess) => u(-3, 0), { cacheDir });
    expect(() => far(f64([3, 4]), f64([3, 4]))).toThrow(/Axis 0 has 3 points, but the stencil reaches 3/);
    expect(() => far.plain(f64([3, 4]), f64([3, 4]))).toThrow(/Axis 0 has 3 points, but the stencil reaches 3/);
  });

  it('has_stable_codes', () => {
    expect(new ShapeError('x').code).toBe('ERR_HARTS_SHAPE');
    expect(() => stencil(average, { boundary: 'wrap' as never })(f64([3, 3]), f64([3, 3]))).toThrow(KernelError);
    expect(() => stencil(average, { boundary: [['periodic', 'clamp'], 'clamp'] })).toThrow(
      /Axis 0 is periodic at one face only/,
    );
    expect(() => stencil(average, { iterations: 0 })).toThrow(/`iterations` is 0/);
  });
});

describe('a stencil that cannot be compiled', () => {
  it('runs_plainly_and_says_where', () => {
    const sweep = stencil(
      (u: GridAccess, d: number) => {
        const shift = d;
        return u(shift);
      },
      { cacheDir },
    );
    const out = new Float64Array(3);
    sweep(out, Float64Array.of(1, 2, 3), 1);
    expect([...out]).toEqual([2, 3, 3]);
    const { status, reasons } = sweep.explain();
    expect(status).toBe('plain');
    expect(reasons[0]).toMatchObject({
      phase: 'model',
      message: 'an offset of a grid must be an integer constant',
      line: 3,
    });
  });

  it('throws_instead_under_strict', () => {
    const sweep = stencil((u: GridAccess) => Number(String(u(0))), { cacheDir, strict: true });
    expect(() => sweep(new Float64Array(2), new Float64Array(2))).toThrow(KernelError);
  });

  it('propagates_what_the_function_throws', () => {
    const sweep = stencil(
      () => {
        throw new TypeError('from inside');
      },
      { cacheDir },
    );
    expect(() => sweep(new Float64Array(2))).toThrow(new TypeError('from inside'));
  });

  it('runs_plainly_without_a_compiler', () => {
    process.env.HARTS_CC = '/nonexistent';
    const sweep = stencil((u: GridAccess) => u(0) + 1, { cacheDir });
    const out = new Float64Array(2);
    sweep(out, Float64Array.of(1, 2));
    expect([...out]).toEqual([2, 3]);
    expect(sweep.explain()).toMatchObject({ status: 'plain', reasons: [{ phase: 'compile' }] });
  });
});
