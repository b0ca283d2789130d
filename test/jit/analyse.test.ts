import { describe, expect, it } from 'vitest';
import { acquire } from '../../src/jit/acquire.js';
import type { ArgumentClass } from '../../src/jit/bind.js';
import { describeTypes } from '../../src/jit/infer.js';
import { type Counted, type Program, type Version, walkAllExprs, walkStmts } from '../../src/jit/ir.js';
import { analyseProgram, modelKernel } from '../../src/jit/pipeline.js';

const made = (text: string): never => new Function(`return ${text}`)() as never;

function analysed(text: string, classes: ArgumentClass[], env: Record<string, unknown> = {}): Program {
  const program = modelKernel(acquire(made(text)), classes, env);
  analyseProgram(program, classes);
  return program;
}

function versions(p: Program): Version[] {
  const found: Version[] = [];
  for (const fn of p.functions) walkStmts(fn.body, (s) => s.op === 'version' && found.push(s));
  return found;
}

function counted(p: Program): Counted[] {
  const found: Counted[] = [];
  for (const fn of p.functions) walkStmts(fn.body, (s) => s.op === 'counted' && found.push(s));
  return found;
}

/** Accesses without a proof in the fast branch. */
function unproven(v: Version): number {
  let count = 0;
  walkAllExprs(v.fast, (e) => {
    if (e.op === 'load' && e.proof === undefined) count++;
  });
  walkStmts(v.fast, (s) => {
    if (s.op === 'store' && s.proof === undefined) count++;
  });
  return count;
}

describe('inference', () => {
  const types = (text: string, classes: ArgumentClass[] = ['number', 'number']) =>
    describeTypes(analysed(text, classes));

  it('joins_all_assignments_instead_of_believing_the_first', () => {
    expect(types('(x, y) => { let s = 0; s += 0.5; return s; }').s).toBe('double');
    expect(types('(x, y) => { let s = 1; if (x > 0) s = 7; return s; }').s).toBe('int[1..7]');
  });

  it('keeps_counters_integers_and_gives_up_where_a_double_could_not_follow', () => {
    expect(types('(x, y) => { let n = 0; while (x > n) n++; return n; }').n).toBe(`int[0..${2 ** 52}]`);
    expect(types('(x, y) => { let n = 1; while (x > n) n *= 2; return n; }').n).toBe('double');
    expect(types('(x, y) => { let n = 0; while (x > n) n += x; return n; }').n).toBe('double');
  });

  it('knows_the_ranges_of_bit_operations', () => {
    const t = types('(x, y) => { const a = x | 0, b = x >>> 0, c = x & 255, d = a * b, e = a + b; return d + e + c; }');
    expect(t).toMatchObject({ a: `int[${-(2 ** 31)}..${2 ** 31 - 1}]`, b: `int[0..${2 ** 32 - 1}]`, c: 'int[0..255]' });
    expect(t.d).toBe('double');
    expect(t.e).toMatch(/^int/);
  });

  it('does_not_lose_negative_zero', () => {
    expect(types('(x, y) => { const a = x | 0; const b = -a; return b; }').b).toBe('double');
    expect(types('(x, y) => { const a = (x | 0) & 7; const b = a * -3; return b; }').b).toBe('double');
    expect(types('(x, y) => { const a = (x | 0) & 7; const b = a * 3; return b; }').b).toBe('int[0..21]');
  });

  it('marks_what_may_be_undefined', () => {
    expect(types('(a, y) => { const v = a[y]; return v + 1; }', ['f64', 'number']).v).toBe('double?');
    expect(types('(x, y) => { let v; if (x > 0) v = 1; return v + 1; }').v).toBe('double?');
    expect(types('(x, y) => { let v; if (x > 0) v = 1; else v = 2; return v + 1; }').v).toBe('int[1..2]');
  });
});

describe('loop versioning', () => {
  it('checks_a_window_of_neighbours_once', () => {
    const p = analysed('(a, b, n) => { for (let i = 1; i < n - 1; i++) b[i] = a[i - 1] + a[i + 1]; }', [
      'f64',
      'f64',
      'number',
    ]);
    const [v] = versions(p);
    expect(v && unproven(v)).toBe(0);
    expect(counted(p).map((c) => c.simd)).toEqual([true]);
    expect(v?.disjoint).toHaveLength(1);
  });

  it('takes_bounds_and_offsets_from_arrays', () => {
    const text =
      '(v, off, a, b) => { const s = off[v], e = off[v + 1]; for (let i = s; i < e; i++) b[i - s] = 2 * a[i]; }';
    const p = analysed(text, ['number', 'i32', 'f64', 'f64']);
    expect(versions(p).map(unproven)).toEqual([0]);
    expect(counted(p)[0]?.simd).toBe(true);
  });

  it('sees_through_constants_and_products_of_counters', () => {
    const text = `(a, b, c, n) => { for (let i = 0; i < n; i++) { const row = i * n;
      for (let j = 0; j < n; j++) { let s = 0; for (let k = 0; k < n; k++) s += a[row + k] * b[k * n + j]; c[row + j] = s; } } }`;
    const p = analysed(text, ['f64', 'f64', 'f64', 'number']);
    expect(versions(p)).toHaveLength(1);
    expect(versions(p).map(unproven)).toEqual([0]);
    expect(counted(p)).toHaveLength(3);
  });

  it('versions_a_triangular_inner_loop_by_itself', () => {
    const p = analysed('(a, n) => { for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a[i * n + j] = j; }', [
      'f64',
      'number',
    ]);
    expect(versions(p).map(unproven)).toEqual([0]);
  });

  it('leaves_accesses_behind_a_condition_on_the_counter_their_own_check', () => {
    const p = analysed('(a, b, n) => { for (let i = 0; i < n; i++) b[i] = i > 0 ? a[i - 1] : 0; }', [
      'f64',
      'f64',
      'number',
    ]);
    expect(versions(p).map(unproven)).toEqual([1]);
  });

  it.each<[string, string]>([
    ['a recurrence', '(a, b, n) => { for (let i = 1; i < n; i++) a[i] = a[i - 1] + b[i]; }'],
    ['a sum', '(a, b, n) => { let s = 0; for (let i = 0; i < n; i++) { s += a[i]; b[i] = s; } }'],
    ['a fixed target', '(a, b, n) => { for (let i = 0; i < n; i++) a[0] = b[i]; }'],
    ['a scatter', '(a, b, n) => { for (let i = 0; i < n; i++) a[b[i]] = i; }'],
    ['a break', '(a, b, n) => { for (let i = 0; i < n; i++) { if (b[i] > 3) break; a[i] = b[i]; } }'],
  ])('does_not_vectorise_%s', (_, text) => {
    expect(counted(analysed(text, ['f64', 'f64', 'number'])).map((c) => c.simd)).toEqual([false]);
  });

  it('vectorises_interleaved_stores_that_never_meet', () => {
    const p = analysed('(a, b, n) => { for (let i = 0; i < n; i++) { a[2 * i] = b[i]; a[2 * i + 1] = -b[i]; } }', [
      'f64',
      'f64',
      'number',
    ]);
    expect(counted(p).map((c) => c.simd)).toEqual([true]);
  });

  it('does_not_count_a_loop_whose_variable_is_changed_inside', () => {
    expect(
      versions(
        analysed('(a, n) => { for (let i = 0; i < n; i++) { a[i] = 1; if (a[i] > 0) i++; } }', ['f64', 'number']),
      ),
    ).toEqual([]);
  });
});
