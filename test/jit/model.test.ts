import { describe, expect, it } from 'vitest';
import { acquire } from '../../src/jit/acquire.js';
import type { ArgumentClass } from '../../src/jit/bind.js';
import { checkProgram } from '../../src/jit/check.js';
import { Rejection } from '../../src/jit/diagnostics.js';
import { interpret } from '../../src/jit/interpret.js';
import type { Program } from '../../src/jit/ir.js';
import { analyseProgram, modelKernel } from '../../src/jit/pipeline.js';

const made = (text: string): never => new Function(`return ${text}`)() as never;

function model(text: string, classes: ArgumentClass[], env: Record<string, unknown> = {}): Program {
  return modelKernel(acquire(made(text)), classes, env);
}

function reasonOf(text: string, classes: ArgumentClass[] = ['f64', 'number'], env: Record<string, unknown> = {}) {
  try {
    analyseProgram(model(text, classes, env), classes);
  } catch (error) {
    if (error instanceof Rejection) return error.toReason();
    throw error;
  }
  throw new Error('was accepted');
}

describe('the model', () => {
  it.each<[string, string, RegExp, number, number]>([
    ['a string', '(a, x) => {\n  const s = "hi";\n}', /a string/, 2, 12],
    ['a template', '(a, x) => {\n  const s = `hi`;\n}', /template string/, 2, 12],
    ['null', '(a, x) => {\n  x = null;\n}', /`null`/, 2, 6],
    ['a BigInt', '(a, x) => x + 1n', /BigInt/, 1, 14],
    ['an object', '(a, x) => {\n  const o = {};\n}', /object literal/, 2, 12],
    ['an array literal', '(a, x) => {\n  const o = [x];\n}', /array literal/, 2, 12],
    ['new', '(a, x) => {\n  const o = new Float64Array(3);\n}', /`new`/, 2, 12],
    ['this', 'function f(a, x) {\n  return this;\n}', /`this`/, 2, 9],
    ['switch', '(a, x) => {\n  switch (x) {}\n}', /`switch`/, 2, 2],
    ['try', '(a, x) => {\n  try { x++; } catch {}\n}', /`try`/, 2, 2],
    ['throw', '(a, x) => {\n  throw x;\n}', /`throw`/, 2, 2],
    ['for of', '(a, x) => {\n  for (const v of a) x += v;\n}', /`for ... of`/, 2, 2],
    ['a label', '(a, x) => {\n  l: for (;;) break l;\n}', /label/, 2, 2],
    ['destructuring', '(a, x) => {\n  const [p] = a;\n}', /destructuring/, 2, 8],
    ['a method call', '(a, x) => {\n  a.fill(0);\n}', /method `a.fill`/, 2, 2],
    ['a property', '(a, x) => {\n  return a.byteLength;\n}', /property `byteLength`/, 2, 11],
    ['an outside name', '(a, x) => {\n  return outside * x;\n}', /`outside` comes from outside.*env/, 2, 9],
    ['an outside function', '(a, x) => {\n  return outside(x);\n}', /`outside` comes from outside/, 2, 9],
    ['console', '(a, x) => {\n  console.log(x);\n}', /`console` comes from outside/, 2, 2],
    ['Math.random', '(a, x) => x + Math.random()', /`Math.random` cannot be compiled/, 1, 14],
    ['assignment to a constant', '(a, x) => {\n  const c = 1;\n  c = 2;\n}', /`c` is a constant/, 3, 2],
    ['use before declaration', '(a, x) => {\n  x = y;\n  let y = 1;\n}', /`y` is used before its declaration/, 2, 6],
    ['an array as a value', '(a, x) => x + a', /array `a` is used as a value/, 1, 14],
    ['a number as an array', '(a, x) => x[0]', /`x` is not a typed array/, 1, 10],
    ['a value on some paths', '(a, x) => {\n  if (x > 0) return 1;\n}', /on some paths/, 1, 0],
    ['typeof', '(a, x) => typeof x', /`typeof`/, 1, 10],
    ['optional chaining', '(a, x) => a?.[0]', /optional chaining/, 1, 10],
    [
      'a missing argument',
      '(a, x) => {\n  const f = (p, q) => p + q;\n  return f(x);\n}',
      /1 of its 2 arguments/,
      3,
      9,
    ],
  ])('refuses_%s_at_its_place', (_, text, message, line, column) => {
    const reason = reasonOf(text);
    expect(reason.message).toMatch(message);
    expect(reason).toMatchObject({ phase: 'model', line, column });
  });

  it('names_the_helper_that_cannot_be_compiled', () => {
    const helper = made('(x) => {\n  return x.y;\n}');
    expect(reasonOf('(a, x) => helper(x)', ['f64', 'number'], { helper }).message).toMatch(/\(in helper `helper`\)/);
  });

  it('refuses_values_that_are_boolean_or_number', () => {
    expect(reasonOf('(a, x) => { let f = false; f = x; return f; }').message).toMatch(/holds booleans and numbers/);
    expect(reasonOf('(a, x) => { const f = x > 0 && x; return f; }').message).toMatch(/either a boolean or a number/);
    expect(reasonOf('(a, x) => a[x > 0]').message).toMatch(/an index in `.*` is a boolean/);
  });

  it('is_well_formed_before_and_after_analysis', () => {
    const program = model('(a, x) => { for (let i = 0; i < a.length; i++) { const v = a[i]; a[i] = v * x; } }', [
      'f64',
      'number',
    ]);
    checkProgram(program);
    analyseProgram(program, ['f64', 'number']);
    checkProgram(program);
  });

  it('is_checked: a variable without declaration is a bug', () => {
    const program = model('(a, x) => { let y = x; return y; }', ['f64', 'number']);
    program.entry.body.shift();
    expect(() => checkProgram(program)).toThrow(/`y` is used before its declaration/);
  });
});

describe('the interpreter', () => {
  const run = (text: string, ...args: unknown[]) => interpret(model(text, ['number', 'number']), args);

  it('keeps_the_order_of_effects', () => {
    expect(run('(x, y) => { return (x = 1) + (x = 2) * x++ + x; }', 0, 0)).toBe(1 + 2 * 2 + 3);
    expect(run('(x, y) => { let i = 0; const v = i++ + i++ * 10 + ++i * 100; return v + i * 1000; }', 0, 0)).toBe(3310);
    expect(run('(x, y) => { y ||= 7; x &&= 5; return x * 10 + y; }', 1, 0)).toBe(57);
  });

  it('runs_nested_functions_that_write_outer_variables', () => {
    expect(run('(x, y) => { let n = 0; const f = (k) => { n += k; return n; }; return f(2) * f(3) + n; }', 0, 0)).toBe(
      15,
    );
    expect(run('(x, y) => { function g(n) { return n < 2 ? n : g(n - 1) + g(n - 2); } return g(x); }', 10, 0)).toBe(55);
  });

  it('sees_var_names_in_the_whole_function', () => {
    expect(run('(x, y) => { for (var i = 0; i < 3; i++) { var s = i; } return i * 10 + s; }', 0, 0)).toBe(32);
  });
});
