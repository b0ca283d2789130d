import type { ArrayRef, Counted, Expr, IRFunction, Loop, Stmt, Variable } from './ir.js';
import { C_TYPES } from './prelude.js';
import type { ExprPrinter } from './print_expr.js';
import { printGuard, type RangeNames } from './print_version.js';
import { typeOf } from './type_of.js';
import type { NumericType } from './types.js';
import type { Writer } from './writer.js';

/** The C type of a variable of this inferred type. */
export function cType(t: NumericType | undefined): string {
  return t?.kind === 'bool' ? 'bool' : t?.kind === 'int' ? 'int64_t' : 'double';
}

/** Where `continue` goes: a C `continue`, or a label before the update. */
interface LoopContext {
  readonly label: string | undefined;
}

/** Prints the statements of one function. */
export class StmtPrinter {
  readonly #fn: IRFunction;
  readonly #e: ExprPrinter;
  readonly #out: Writer;
  /** A parameter that says that no two arrays of the function overlap. */
  readonly #separate: string | undefined;
  readonly #ranges: RangeNames = new Map();
  #loops: LoopContext[] = [];
  #labels = 0;

  constructor(fn: IRFunction, e: ExprPrinter, out: Writer, separate?: string) {
    this.#fn = fn;
    this.#e = e;
    this.#out = out;
    this.#separate = separate;
  }

  list(list: readonly Stmt[]): void {
    for (const s of list) this.#stmt(s);
  }

  #stmt(s: Stmt): void {
    const out = this.#out;
    switch (s.op) {
      case 'declare':
        out.line(`${this.#declaration(s.variable)} = ${this.#initial(s.variable, s.value)};`);
        return;
      case 'assign':
        out.line(`${this.#assignment(s.variable, s.value)};`);
        return;
      case 'store':
        this.#store(s);
        return;
      case 'if':
        out.braces(
          `if (${this.#e.condition(s.test)})`,
          () => this.list(s.consequent),
          s.alternate.length > 0 ? ' else {' : '',
        );
        if (s.alternate.length > 0) {
          out.indented(() => this.list(s.alternate));
          out.line('}');
        }
        return;
      case 'block':
        if (s.body.length > 0) out.braces('', () => this.list(s.body));
        return;
      case 'break':
        out.line('break;');
        return;
      case 'continue': {
        const { label } = this.#loops[this.#loops.length - 1] as LoopContext;
        out.line(label === undefined ? 'continue;' : `goto ${label};`);
        return;
      }
      case 'return':
        out.line(s.value === undefined ? 'return;' : `return ${this.#e.as(this.#fn.result?.type, s.value)};`);
        return;
      case 'call': {
        const call = this.#e.call(s.fn, s.args);
        out.line(s.result === undefined ? `${call};` : `${this.#declaration(s.result)} = ${call};`);
        return;
      }
      case 'loop':
        this.#loop(s);
        return;
      case 'counted':
        this.#counted(s);
        return;
      case 'version':
        out.braces('', () => {
          const ok = printGuard(s, this.#e, out, this.#ranges, this.#separate);
          out.braces(`if (${ok})`, () => this.list(s.fast), ' else {');
          out.indented(() => this.list(s.slow));
          out.line('}');
        });
    }
  }

  #declaration(v: Variable): string {
    return `${cType(v.type)} ${this.#e.variable(v)}`;
  }

  #initial(v: Variable, value: Expr | undefined): string {
    if (value !== undefined) return this.#e.as(v.type, value);
    if (!v.maybeUnassigned) return '0';
    return `${this.#e.helper(this.#e.undefinedMatters ? 'harts_undefined' : 'harts_nan')}()`;
  }

  #assignment(v: Variable, value: Expr): string {
    const name = this.#e.variable(v);
    if (value.op === 'binary' && value.a.op === 'var' && value.a.variable === v && v.type?.kind === 'int') {
      const { kind, b } = value;
      const step = b.op === 'number' && (kind === '+' || kind === '-');
      if (step) return b.value === 1 ? `${name}${kind}${kind}` : `${name} ${kind}= ${this.#e.int(b)}`;
    }
    return `${name} = ${this.#e.as(v.type, value)}`;
  }

  #store(s: Extract<Stmt, { op: 'store' }>): void {
    const value = this.#element(s.array, s.value);
    const name = this.#e.array(s.array);
    if (s.proof !== undefined) {
      this.#out.line(`${name}[${this.#e.poly(s.proof)}] = ${value};`);
      return;
    }
    const isInt = typeOf(s.index)?.kind === 'int';
    const helper = this.#e.helper(`harts_store${isInt ? '' : 'x'}_${s.array.element}`);
    const index = isInt ? this.#e.int(s.index) : this.#e.double(s.index);
    this.#out.line(`${helper}(${name}, ${this.#e.length(s.array)}, ${index}, ${value});`);
  }

  /** A value as an element of the array: rounded, wrapped or clamped as JS does. */
  #element(array: ArrayRef, value: Expr): string {
    const e = this.#e;
    const type = C_TYPES[array.element];
    if (array.element === 'f64') return e.double(value);
    if (array.element === 'f32') return `(float)(${e.double(value)})`;
    const t = typeOf(value);
    const isInt = t?.kind === 'int' || t?.kind === 'bool';
    if (array.element === 'u8c') {
      return isInt
        ? `${e.helper('harts_clamp8_int')}(${e.int(value)})`
        : `${e.helper('harts_clamp8')}(${e.double(value)})`;
    }
    return isInt ? `(${type})(${e.int(value)})` : `(${type})${e.helper('harts_toint32')}(${e.double(value)})`;
  }

  #loop(s: Loop): void {
    const out = this.#out;
    const simple = s.update.every((u) => u.op === 'assign');
    const inHead = !s.testLast && s.before.length === 0 && simple;
    const endless = s.test.op === 'boolean' && s.test.value;
    if (inHead) {
      const update = s.update.map((u) => (u.op === 'assign' ? this.#assignment(u.variable, u.value) : '')).join(', ');
      const test = endless ? '' : this.#e.condition(s.test);
      const head = update === '' && test !== '' ? `while (${test})` : `for (; ${test}; ${update})`;
      out.braces(`${head} /* line ${s.position.line} */`, () => this.#body(s.body, undefined));
      return;
    }
    if (s.testLast && s.before.length === 0 && s.update.length === 0) {
      out.braces('do', () => this.#body(s.body, undefined), ` while (${this.#e.condition(s.test)});`);
      return;
    }
    const label = continues(s.body) ? `next_${++this.#labels}` : undefined;
    out.braces(`for (;;) /* line ${s.position.line} */`, () => {
      const test = (): void => {
        this.list(s.before);
        if (!endless) out.line(`if (!(${this.#e.condition(s.test)})) break;`);
      };
      if (!s.testLast) test();
      out.braces('', () => this.#body(s.body, label));
      if (label !== undefined) out.flush(`${label}:;`);
      this.list(s.update);
      if (s.testLast) test();
    });
  }

  #body(list: readonly Stmt[], label: string | undefined): void {
    this.#loops.push({ label });
    this.list(list);
    this.#loops.pop();
  }

  #counted(s: Counted): void {
    const out = this.#out;
    const i = this.#e.variable(s.counter);
    const range = this.#ranges.get(s.range) as string;
    const { step } = s.range;
    const test = `${i} ${step > 0 ? '<' : '>'} ${range}.end`;
    const advance = step === 1 ? `${i}++` : step === -1 ? `${i}--` : `${i} += ${step}`;
    if (s.exposes === undefined) {
      if (s.simd) out.flush('#pragma omp simd');
      out.braces(`for (int64_t ${i} = ${range}.first; ${test}; ${advance}) /* line ${s.position.line} */`, () =>
        this.#body(s.body, undefined),
      );
      return;
    }
    out.line(`int64_t ${i} = ${range}.first;`);
    out.braces(`for (; ${test}; ${advance}) /* line ${s.position.line} */`, () => this.#body(s.body, undefined));
    out.line(`${this.#e.variable(s.exposes)} = ${this.#e.as(s.exposes.type, { op: 'var', variable: s.counter })};`);
  }
}

/** Whether a body jumps to the next iteration of its own loop. */
function continues(list: readonly Stmt[]): boolean {
  let found = false;
  const search = (stmts: readonly Stmt[]): void => {
    for (const s of stmts) {
      if (s.op === 'continue') found = true;
      else if (s.op === 'if') {
        search(s.consequent);
        search(s.alternate);
      } else if (s.op === 'block') search(s.body);
    }
  };
  search(list);
  return found;
}
