import { describe, expect, it } from 'vitest';
import { acquire } from '../../src/jit/acquire.js';
import { Rejection } from '../../src/jit/diagnostics.js';
import { interpret } from '../../src/jit/interpret.js';
import { modelKernel } from '../../src/jit/pipeline.js';

function reasonOf(fn: unknown): ReturnType<Rejection['toReason']> {
  try {
    acquire(fn as never);
  } catch (error) {
    if (error instanceof Rejection) return error.toReason();
    throw error;
  }
  throw new Error('was accepted');
}

/** Functions as users write them, out of reach of the test transformer. */
const made = (text: string): unknown => new Function(`return ${text}`)();

describe('acquire', () => {
  it.each([
    ['a function', 'function add(a, b) { return a + b; }'],
    ['an anonymous function', 'function (a, b) { return a + b; }'],
    ['an arrow', '(a, b) => a + b'],
    ['an arrow with one bare parameter', 'a => a'],
    ['an arrow with a body', '(a, b) => { return a + b; }'],
    ['a method', '({ add(a, b) { return a + b; } }).add'],
    ['a computed method', '({ ["x" + 1](a, b) { return a + b; } }).x1'],
    ['a quoted method', '({ "odd name"(a, b) { return a + b; } })["odd name"]'],
    ['a static method', '(class { static add(a, b) { return a + b; } }).add'],
    ['a private-looking method', '(class { add(a, b) { return a + b; } }).prototype.add'],
    ['a function with comments', 'function add(/* one */ a, b) { return a + b; // end\n }'],
  ])('reads_%s', (_, text) => {
    const { node, paramNames } = acquire(made(text) as never);
    expect(paramNames[0]).toBe('a');
    expect(node.body).toBeDefined();
  });

  it.each([
    ['native', 'Math.max', /native function/],
    ['bound', '(function f() {}).bind(null)', /bound function/],
    ['async', 'async function f() {}', /is async/],
    ['async arrow', 'async () => 1', /is async/],
    ['generator', 'function* f() {}', /is a generator/],
    ['class', 'class A {}', /is a class/],
    ['default value', '(a, b = 1) => a', /default value/],
    ['rest', '(...a) => 1', /rest parameter/],
    ['destructuring', '({ a }) => a', /destructuring/],
    ['getter', 'Object.getOwnPropertyDescriptor({ get x() { return 1; } }, "x").get', /accessor|parsed/],
  ])('refuses_%s_with_a_reason', (_, text, message) => {
    const reason = reasonOf(made(text));
    expect(reason.phase).toBe('acquire');
    expect(reason.message).toMatch(message);
  });

  it('recognises_text_rewritten_for_coverage_and_says_where', () => {
    const reason = reasonOf(made('function f(a) {\n  cov_1a2b3c().s[0]++;\n  return a;\n}'));
    expect(reason).toMatchObject({ line: 2, column: 2 });
    expect(reason.message).toMatch(/coverage tool/);
  });

  it('takes_imported_names_for_what_they_are_whatever_a_bundler_made_of_them', () => {
    const fn = made('(a) => (0, __vite_ssr_import_1__.helper)(a) * __vite_ssr_import_0__.K + (0,import_x.other)(a)');
    const helper = made('(x) => x + 1');
    const program = modelKernel(acquire(fn as never), ['number'], { helper, other: helper, K: 3 });
    expect(interpret(program, [2])).toBe(12);
    const unknown = made('(a) => a * __vite_ssr_import_0__.K');
    expect(() => modelKernel(acquire(unknown as never), ['number'], {})).toThrow(/the name `K` comes from outside/);
  });

  it('counts_positions_inside_the_function', () => {
    expect(reasonOf(made('(a, b = 1) => a'))).toMatchObject({ line: 1, column: 4 });
    expect(reasonOf(made('({ add(a,\n  ...b) {} }).add'))).toMatchObject({ line: 2, column: 2 });
  });
});
