import { type ArrayRef, type IRFunction, type Program, type Variable, walkStmts } from './ir.js';
import { Names } from './names.js';
import { C_TYPES, renderPrelude } from './prelude.js';
import { ExprPrinter } from './print_expr.js';
import { cType, StmtPrinter } from './print_stmt.js';
import { undefinedMatters } from './undefined_use.js';
import { Writer } from './writer.js';

/** The exported symbol of every compiled object. */
export const ENTRY_SYMBOL = 'harts_entry';

/** How deep a helper may recurse before the kernel gives up; plain JS gives up at about ten thousand frames. */
export const MAX_DEPTH = 2000;

/** Changes whenever generated code changes, so that objects of older versions are not found in the cache. */
export const GENERATOR_VERSION = 2;

/** Generated C and what a caller must know about it. */
export interface Generated {
  readonly source: string;
  /** The last array of every call is an `Int32Array(1)` that becomes 1 when recursion went too deep. */
  readonly needsDepthFlag: boolean;
  /** The last scalar of every call is 1 when no two arrays overlap: vectorised loops then need not look. */
  readonly needsSeparateFlag: boolean;
}

/** The functions of a program as C text, without prelude and entry; shared with the stencil generator. */
export class FunctionPrinter {
  readonly names = new Names();
  readonly used = new Set<string>();
  readonly out = new Writer();
  #undefinedMatters = false;
  #entry: IRFunction | undefined;

  /** Starts with the functions of another program. */
  begin(program: Program): void {
    this.#entry = program.entry;
    this.#undefinedMatters = undefinedMatters(program);
  }

  expressions(fn: IRFunction): ExprPrinter {
    return new ExprPrinter(fn, this.names, this.used, this.#undefinedMatters);
  }

  /** `static double name(double x, double *a, int64_t a_n)`. */
  signature(fn: IRFunction, name: string): string {
    const params: string[] = [];
    const array = (a: ArrayRef): void => {
      const arrayName = this.names.of(a, a.name);
      params.push(`${C_TYPES[a.element]} *${arrayName}`, `int64_t ${arrayName}_n`);
    };
    const scalar = (v: Variable, pointer: string): void => {
      params.push(`${cType(v.type)} ${pointer}${this.names.of(v, v.name)}`);
    };
    for (const p of fn.params) {
      if (p.kind === 'array') array(p.array);
      else scalar(p.variable, '');
    }
    for (const a of fn.capturedArrays) array(a);
    for (const v of fn.captures) scalar(v, v.capturedByReference ? '*' : '');
    if (fn.deep) params.push('int32_t *depth');
    if (this.#isTold(fn)) params.push('bool separate');
    const result = fn.result === undefined ? 'void' : cType(fn.result.type);
    return `${result} ${name}(${params.length === 0 ? 'void' : params.join(', ')})`;
  }

  /** Prints every function: prototypes of recursive ones first, so that order does not matter. */
  functions(functions: readonly IRFunction[]): void {
    for (const fn of functions)
      if (fn.recursive) this.out.line(`static ${this.signature(fn, this.names.of(fn, fn.name))};`);
    for (const fn of functions) this.function(fn);
  }

  /** Only the entry is told whether its arrays are separate: a helper may get the same array twice. */
  #isTold(fn: IRFunction): boolean {
    return fn === this.#entry && comparesArrays(fn);
  }

  function(fn: IRFunction): void {
    const name = this.names.of(fn, fn.name);
    const printer = new StmtPrinter(fn, this.expressions(fn), this.out, this.#isTold(fn) ? 'separate' : undefined);
    this.out.line('');
    if (!fn.recursive) {
      const inline = fn.pure ? 'static inline __attribute__((always_inline))' : 'static inline';
      this.out.braces(`${inline} ${this.signature(fn, name)}`, () => this.#body(fn, printer));
      return;
    }
    const bodyName = this.names.of(fn.body, `${name}_body`);
    this.out.braces(`static ${this.signature(fn, bodyName)}`, () => this.#body(fn, printer));
    this.out.braces(`static ${this.signature(fn, name)}`, () => this.#countDepth(fn, bodyName));
  }

  #body(fn: IRFunction, printer: StmtPrinter): void {
    printer.list(fn.body);
    if (fn.result !== undefined) this.out.line('__builtin_unreachable();');
  }

  /** Counts `*depth` down around a call; below zero, everything returns at once. */
  #countDepth(fn: IRFunction, bodyName: string): void {
    const isVoid = fn.result === undefined;
    const args = fn.params.flatMap((p) => {
      if (p.kind === 'scalar') return [this.names.of(p.variable, p.variable.name)];
      const name = this.names.of(p.array, p.array.name);
      return [name, `${name}_n`];
    });
    for (const a of fn.capturedArrays) args.push(this.names.of(a, a.name), `${this.names.of(a, a.name)}_n`);
    for (const v of fn.captures) args.push(this.names.of(v, v.name));
    args.push('depth');
    this.out.braces('if (*depth <= 0)', () => {
      this.out.line('*depth = -1;');
      this.out.line(isVoid ? 'return;' : 'return 0;');
    });
    this.out.line('--*depth;');
    const call = `${bodyName}(${args.join(', ')});`;
    this.out.line(isVoid ? call : `const ${cType(fn.result?.type)} result = ${call}`);
    this.out.line('if (*depth >= 0) ++*depth;');
    if (!isVoid) this.out.line('return result;');
  }
}

/** Whether a function has loops that need some of its arrays not to overlap. */
function comparesArrays(fn: IRFunction): boolean {
  let found = false;
  walkStmts(fn.body, (s) => {
    if (s.op === 'version' && s.disjoint.length > 0) found = true;
  });
  return found;
}

/** The head of every generated file: what the C is for, and the types of the kernel ABI. */
export function fileHead(title: string, used: Iterable<string>): string {
  const safe = title.replace(/[^A-Za-z0-9_. ]/g, '_');
  return `/* ${safe}: generated by harts from a JavaScript function; standalone C. */
#include <stdbool.h>
#include <stdint.h>

typedef struct { void *data; int64_t length; } harts_array_t;

${renderPrelude(used)}`;
}

/** Prints a kernel as one C file that exports `harts_entry`. */
export function generateKernel(program: Program): Generated {
  return {
    source: generateFile(program.entry.name, [{ program, symbol: ENTRY_SYMBOL }]),
    needsDepthFlag: program.entry.deep,
    needsSeparateFlag: comparesArrays(program.entry),
  };
}

/** Prints several kernels as one C file, each under a symbol of its own. */
export function generateFile(title: string, kernels: readonly { program: Program; symbol: string }[]): string {
  const printer = new FunctionPrinter();
  for (const { program, symbol } of kernels) {
    printer.begin(program);
    printer.functions(program.functions.filter((fn) => fn !== program.entry));
    printer.function(program.entry);
    printEntry(printer, program.entry, symbol);
  }
  const body = printer.out.toString();
  return fileHead(title, printer.used) + body;
}

/** Unpacks the arguments of the kernel ABI and calls the function. */
function printEntry(printer: FunctionPrinter, entry: IRFunction, symbol: string): void {
  const { out } = printer;
  out.line('');
  out.line('__attribute__((visibility("default")))');
  out.braces(`double ${symbol}(const harts_array_t *arrays, const double *scalars)`, () => {
    const args: string[] = [];
    let arrays = 0;
    let scalars = 0;
    for (const p of entry.params) {
      if (p.kind === 'array') {
        args.push(`(${C_TYPES[p.array.element]} *)arrays[${arrays}].data`, `arrays[${arrays}].length`);
        arrays++;
      } else {
        args.push(p.variable.type?.kind === 'bool' ? `scalars[${scalars}] != 0.0` : `scalars[${scalars}]`);
        scalars++;
      }
    }
    out.line('(void)arrays;');
    out.line('(void)scalars;');
    if (entry.deep) {
      args.push('&depth');
      out.line(`int32_t depth = ${MAX_DEPTH};`);
    }
    if (comparesArrays(entry)) args.push(`scalars[${scalars}] != 0.0`);
    const call = `${printer.names.of(entry, entry.name)}(${args.join(', ')})`;
    out.line(entry.result === undefined ? `${call};` : `const double result = (double)${call};`);
    if (entry.deep) out.line(`if (depth < 0) ((int32_t *)arrays[${arrays}].data)[0] = 1;`);
    out.line(entry.result === undefined ? 'return 0.0;' : 'return result;');
  });
}
