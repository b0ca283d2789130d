import type { Argument, ArrayRef, Expr, IRFunction, Variable } from './ir.js';
import type { Names } from './names.js';
import type { Poly } from './poly.js';
import { typeOf } from './type_of.js';
import { DOUBLE, isInt, type NumericType } from './types.js';

/** Binding strengths of C operators, as far as they are printed. */
const Level = {
  Conditional: 3,
  Or: 4,
  And: 5,
  Equal: 9,
  Relation: 10,
  Add: 12,
  Multiply: 13,
  Unary: 14,
  Primary: 16,
} as const;

interface Text {
  readonly text: string;
  readonly level: number;
}

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;

/**
 * Prints expressions of one function as C.
 *
 * Every expression can be printed as a double and as a condition; those with an integer type also as an int64. Which
 * form is right depends on who asks, so that a value is converted only where its representation changes.
 */
export class ExprPrinter {
  readonly #fn: IRFunction;
  readonly #names: Names;
  readonly #used: Set<string>;
  /** The function can tell `undefined` from NaN, so reads outside arrays must not be merged with it. */
  readonly undefinedMatters: boolean;

  constructor(fn: IRFunction, names: Names, used: Set<string>, undefinedMatters: boolean) {
    this.#fn = fn;
    this.#names = names;
    this.#used = used;
    this.undefinedMatters = undefinedMatters;
  }

  /** Marks a helper of the prelude as needed and gives its name. */
  helper(name: string): string {
    this.#used.add(name);
    return name;
  }

  variable(v: Variable): string {
    const name = this.#names.of(v, v.name);
    return v.capturedByReference && v.owner !== this.#fn ? `(*${name})` : name;
  }

  array(a: ArrayRef): string {
    return this.#names.of(a, a.name);
  }

  length(a: ArrayRef): string {
    return `${this.array(a)}_n`;
  }

  double(e: Expr): string {
    return this.#double(e).text;
  }

  int(e: Expr): string {
    return this.#int(e).text;
  }

  condition(e: Expr): string {
    return this.#condition(e).text;
  }

  /** The value in the representation of a variable of type `t`. */
  as(t: NumericType | undefined, e: Expr): string {
    if (t?.kind === 'bool') return this.condition(e);
    if (isInt(t)) return this.int(e);
    return t?.kind === 'double' && t.mayBeUndefined && this.undefinedMatters ? this.#raw(e).text : this.double(e);
  }

  poly(p: Poly): string {
    const variables = p
      .filter((t) => t.factors.length > 0)
      .sort((a, b) => Number(b.coefficient > 0) - Number(a.coefficient > 0));
    const constant = p.find((t) => t.factors.length === 0)?.coefficient ?? 0;
    let text = '';
    for (const t of variables) {
      const size = Math.abs(t.coefficient);
      const factors = t.factors.map((f) => this.variable(f)).join(' * ');
      const product = size === 1 ? factors : `${size} * ${factors}`;
      text +=
        text === '' ? (t.coefficient < 0 ? `-${product}` : product) : `${t.coefficient < 0 ? ' - ' : ' + '}${product}`;
    }
    if (text === '') return String(constant);
    return constant === 0 ? text : `${text} ${constant < 0 ? '-' : '+'} ${Math.abs(constant)}`;
  }

  /** The actual arguments of a call, with captured arrays and variables passed along. */
  args(fn: IRFunction, args: readonly Argument[]): string {
    const out: string[] = [];
    fn.params.forEach((p, k) => {
      const arg = args[k] as Argument;
      if (arg.op === 'array') out.push(this.array(arg.array), this.length(arg.array));
      else if (p.kind === 'scalar') out.push(this.as(p.variable.type, arg));
    });
    for (const a of fn.capturedArrays) out.push(this.array(a), this.length(a));
    for (const v of fn.captures) {
      const name = this.#names.of(v, v.name);
      if (!v.capturedByReference) out.push(name);
      else out.push(v.owner === this.#fn ? `&${name}` : name);
    }
    if (fn.deep) out.push('depth');
    return out.join(', ');
  }

  call(fn: IRFunction, args: readonly Argument[]): string {
    return `${this.#names.of(fn, fn.name)}(${this.args(fn, args)})`;
  }

  #wrap(t: Text, level: number): string {
    return t.level >= level ? t.text : `(${t.text})`;
  }

  #binary(op: string, level: number, a: Text, b: Text): Text {
    return { text: `${this.#wrap(a, level)} ${op} ${this.#wrap(b, level + 1)}`, level };
  }

  #apply(name: string, ...args: string[]): Text {
    return { text: `${this.helper(name)}(${args.join(', ')})`, level: Level.Primary };
  }

  #type(e: Expr): NumericType {
    return typeOf(e) ?? DOUBLE;
  }

  #double(e: Expr): Text {
    if (e.op === 'number') return { text: this.literal(e.value), level: e.value < 0 ? Level.Unary : Level.Primary };
    const t = this.#type(e);
    if (t.kind === 'bool')
      return { text: `(double)${this.#wrap(this.#condition(e), Level.Unary)}`, level: Level.Unary };
    if (t.kind === 'int' && !t.negZero) {
      return { text: `(double)${this.#wrap(this.#int(e), Level.Unary)}`, level: Level.Unary };
    }
    switch (e.op) {
      case 'var': {
        const text = this.variable(e.variable);
        const unsure = this.undefinedMatters && t.kind === 'double' && t.mayBeUndefined;
        return unsure ? this.#apply('harts_number', text) : { text, level: Level.Primary };
      }
      case 'load':
        return this.#load(e.array, e.index, e.proof, 'load');
      case 'negate':
        return { text: `-${this.#wrap(this.#double(e.a), Level.Primary)}`, level: Level.Unary };
      case 'number-of':
        return this.#double(e.a);
      case 'select':
        return this.#select(e.test, this.#double(e.a), this.#double(e.b));
      case 'and':
      case 'or':
        return this.#apply(`harts_${e.op}`, this.double(e.a), this.double(e.b));
      case 'call': {
        const text = this.call(e.fn, e.args);
        const unsure = this.undefinedMatters && t.kind === 'double' && t.mayBeUndefined;
        return unsure ? this.#apply('harts_number', text) : { text, level: Level.Primary };
      }
      case 'binary':
        return this.#doubleBinary(e);
      case 'math':
        return this.#doubleMath(e);
      default:
        throw new Error(`no double form of ${e.op}`);
    }
  }

  /** A double that may be the mark of `undefined`. */
  #raw(e: Expr): Text {
    const t = this.#type(e);
    if (t.kind !== 'double' || !t.mayBeUndefined) return this.#double(e);
    switch (e.op) {
      case 'var':
        return { text: this.variable(e.variable), level: Level.Primary };
      case 'call':
        return { text: this.call(e.fn, e.args), level: Level.Primary };
      case 'load':
        return this.#apply(
          `harts_loadu_${e.array.element}`,
          this.array(e.array),
          this.length(e.array),
          this.double(e.index),
        );
      case 'select':
        return this.#select(e.test, this.#raw(e.a), this.#raw(e.b));
      case 'and':
      case 'or':
        return this.#apply(`harts_${e.op}`, this.#raw(e.a).text, this.#raw(e.b).text);
      default:
        return this.#double(e);
    }
  }

  #select(test: Expr, a: Text, b: Text): Text {
    const condition = this.#wrap(this.#condition(test), Level.Or);
    const text = `${condition} ? ${this.#wrap(a, Level.Conditional)} : ${this.#wrap(b, Level.Conditional)}`;
    return { text, level: Level.Conditional };
  }

  #load(array: ArrayRef, index: Expr, proof: Poly | undefined, kind: 'load'): Text {
    const name = this.array(array);
    if (proof !== undefined) {
      const element = `${name}[${this.poly(proof)}]`;
      if (array.element === 'f64') return { text: element, level: Level.Primary };
      return { text: `(double)${element}`, level: Level.Unary };
    }
    if (isInt(this.#type(index))) {
      return this.#apply(`harts_${kind}_${array.element}`, name, this.length(array), this.int(index));
    }
    return this.#apply(`harts_${kind}x_${array.element}`, name, this.length(array), this.double(index));
  }

  #doubleBinary(e: Extract<Expr, { op: 'binary' }>): Text {
    switch (e.kind) {
      case '+':
      case '-':
        return this.#binary(e.kind, Level.Add, this.#double(e.a), this.#double(e.b));
      case '*':
      case '/':
        return this.#binary(e.kind, Level.Multiply, this.#double(e.a), this.#double(e.b));
      case '%':
        return this.#apply('harts_fmod', this.double(e.a), this.double(e.b));
      case '**':
        return this.#apply('harts_pow', this.double(e.a), this.double(e.b));
      default:
        return { text: `(double)${this.#wrap(this.#int(e), Level.Unary)}`, level: Level.Unary };
    }
  }

  #doubleMath(e: Extract<Expr, { op: 'math' }>): Text {
    const args = e.args.map((a) => this.double(a));
    switch (e.fn) {
      case 'max':
      case 'min':
        return this.#extremum(e.fn, e.args);
      case 'hypot':
        if (args.length === 0) return { text: '0.0', level: Level.Primary };
        return this.#apply(`harts_hypot_${args.length}`, ...args);
      case 'abs':
        return this.#apply('harts_fabs', ...args);
      default:
        return this.#apply(`harts_${e.fn}`, ...args);
    }
  }

  /** `max` and `min`; against a constant other than zero, one comparison decides (also for NaN). */
  #extremum(fn: 'max' | 'min', args: readonly Expr[]): Text {
    if (args.length === 0) return { text: this.literal(fn === 'max' ? -Infinity : Infinity), level: Level.Unary };
    return args
      .slice(1)
      .reduce<Text>(
        (acc, arg) => this.#apply(`harts_${fn}`, acc.text, this.double(arg)),
        this.#double(args[0] as Expr),
      );
  }

  #int(e: Expr): Text {
    if (e.op !== 'boolean' && this.#type(e).kind === 'bool') {
      return { text: `(int64_t)${this.#wrap(this.#condition(e), Level.Unary)}`, level: Level.Unary };
    }
    switch (e.op) {
      case 'number':
        return { text: String(e.value || 0), level: e.value < 0 ? Level.Unary : Level.Primary };
      case 'boolean':
        return { text: e.value ? 'INT64_C(1)' : 'INT64_C(0)', level: Level.Primary };
      case 'var':
        return { text: this.variable(e.variable), level: Level.Primary };
      case 'load':
        return { text: `(int64_t)${this.array(e.array)}[${this.poly(e.proof as Poly)}]`, level: Level.Unary };
      case 'length':
        return { text: this.length(e.array), level: Level.Primary };
      case 'negate': {
        const a = this.#int(e.a);
        return {
          text: `-${this.#wrap(a.text.startsWith('-') ? { ...a, level: Level.Conditional } : a, Level.Unary)}`,
          level: Level.Unary,
        };
      }
      case 'number-of':
        return this.#int(e.a);
      case 'bitnot':
        return this.#int64(`~${this.#int32(e.a)}`);
      case 'select':
        return this.#select(e.test, this.#wide(e.a), this.#wide(e.b));
      case 'and':
      case 'or': {
        const [x, y] = [this.#wide(e.a), this.#wide(e.b)];
        const [a, b] = e.op === 'and' ? [y, x] : [x, y];
        return this.#select(e.a, a, b);
      }
      case 'call':
        return { text: this.call(e.fn, e.args), level: Level.Primary };
      case 'binary':
        return this.#intBinary(e);
      case 'math':
        return this.#intMath(e);
      default:
        throw new Error(`no integer form of ${e.op}`);
    }
  }

  #intBinary(e: Extract<Expr, { op: 'binary' }>): Text {
    switch (e.kind) {
      case '+':
      case '-':
        return this.#binary(e.kind, Level.Add, this.#wide(e.a), this.#int(e.b));
      case '*':
      case '%':
        return this.#binary(e.kind, Level.Multiply, this.#wide(e.a), this.#int(e.b));
      case '&':
      case '|':
      case '^':
        if (e.kind === '|' && e.b.op === 'number' && e.b.value === 0) return this.#truncated(e.a);
        return this.#int64(`${this.#int32(e.a)} ${e.kind} ${this.#int32(e.b)}`);
      case '<<':
        return this.#int64(`(int32_t)((uint32_t)${this.#int32(e.a)} << ${this.#shift(e.b)})`);
      case '>>':
        return this.#int64(`${this.#int32(e.a)} >> ${this.#shift(e.b)}`);
      case '>>>':
        return this.#int64(`(uint32_t)${this.#int32(e.a)} >> ${this.#shift(e.b)}`);
      default:
        throw new Error(`no integer form of ${e.kind}`);
    }
  }

  /** An int64 also where it is a literal, which alone would make C compute in 32 bits. */
  #wide(e: Expr): Text {
    return e.op === 'number' ? { text: `INT64_C(${e.value || 0})`, level: Level.Primary } : this.#int(e);
  }

  #shift(e: Expr): string {
    return e.op === 'number' ? String(e.value & 31) : `(${this.#int32(e)} & 31)`;
  }

  #int64(text: string): Text {
    return { text: `(int64_t)(${text})`, level: Level.Unary };
  }

  /** `x | 0`. */
  #truncated(e: Expr): Text {
    const t = this.#type(e);
    if (t.kind === 'int' && t.lo >= INT32_MIN && t.hi <= INT32_MAX) {
      return e.op === 'number' ? { text: `INT64_C(${e.value})`, level: Level.Primary } : this.#int(e);
    }
    return this.#int64(this.#int32(e));
  }

  /** The value as JS's ToInt32 sees it; a C expression of type int32_t that binds like a cast. */
  #int32(e: Expr): string {
    if (e.op === 'number') return `(int32_t)${e.value | 0}`;
    const t = this.#type(e);
    if (t.kind === 'bool') return `(int32_t)${this.#wrap(this.#condition(e), Level.Unary)}`;
    if (t.kind === 'int') return `(int32_t)${this.#wrap(this.#int(e), Level.Unary)}`;
    return this.#apply('harts_toint32', this.double(e)).text;
  }

  #intMath(e: Extract<Expr, { op: 'math' }>): Text {
    const [a, b] = e.args;
    switch (e.fn) {
      case 'imul':
        return this.#int64(`(int32_t)((uint32_t)${this.#int32(a as Expr)} * (uint32_t)${this.#int32(b as Expr)})`);
      case 'clz32':
        return this.#apply('harts_clz32', this.#int32(a as Expr));
      case 'abs':
        return this.#apply('harts_iabs', this.int(a as Expr));
      case 'max':
      case 'min':
        return e.args
          .slice(1)
          .reduce<Text>((acc, arg) => this.#apply(`harts_i${e.fn}`, acc.text, this.int(arg)), this.#int(a as Expr));
      default:
        return this.#int(a as Expr);
    }
  }

  #condition(e: Expr): Text {
    switch (e.op) {
      case 'boolean':
        return { text: String(e.value), level: Level.Primary };
      case 'not':
        return { text: `!${this.#wrap(this.#condition(e.a), Level.Unary)}`, level: Level.Unary };
      case 'and':
        return this.#binary('&&', Level.And, this.#condition(e.a), this.#condition(e.b));
      case 'or': {
        const [a, b] = [this.#condition(e.a), this.#condition(e.b)];
        // Compilers warn about `a && b || c` without parentheses.
        const clear = (t: Text): Text => (t.level === Level.And ? { text: `(${t.text})`, level: Level.Primary } : t);
        return this.#binary('||', Level.Or, clear(a), clear(b));
      }
      case 'select':
        return this.#select(e.test, this.#condition(e.a), this.#condition(e.b));
      case 'compare':
        return this.#compare(e);
      default:
    }
    const t = this.#type(e);
    if (t.kind === 'int') return this.#binary('!=', Level.Equal, this.#int(e), { text: '0', level: Level.Primary });
    if (t.kind === 'double') return this.#apply('harts_truthy', this.double(e));
    if (e.op === 'var') return { text: this.variable(e.variable), level: Level.Primary };
    if (e.op === 'call') return { text: this.call(e.fn, e.args), level: Level.Primary };
    if (e.op === 'math') return this.#test(e);
    throw new Error(`no condition form of ${e.op}`);
  }

  /** `Number.isFinite` and its kin. */
  #test(e: Extract<Expr, { op: 'math' }>): Text {
    const a = e.args[0] as Expr;
    const t = this.#type(a);
    if (t.kind === 'bool') return { text: 'false', level: Level.Primary };
    if (t.kind === 'int') return { text: String(e.fn !== 'isNaN'), level: Level.Primary };
    if (e.fn !== 'isNaN') return this.#apply(`harts_${e.fn.toLowerCase()}`, this.double(a));
    const nan = `${this.#wrap(this.#double(a), Level.Equal + 1)} != ${this.#wrap(this.#double(a), Level.Equal + 1)}`;
    if (this.undefinedMatters && t.mayBeUndefined) {
      const isUndefined = this.#apply('harts_is_undefined', this.#raw(a).text).text;
      return { text: `${nan} && !${isUndefined}`, level: Level.And };
    }
    return { text: nan, level: Level.Equal };
  }

  #compare(e: Extract<Expr, { op: 'compare' }>): Text {
    const [ta, tb] = [this.#type(e.a), this.#type(e.b)];
    const strict = e.kind === '===' || e.kind === '!==';
    const equality = strict || e.kind === '==' || e.kind === '!=';
    const negated = e.kind === '!==' || e.kind === '!=';
    if (strict && (ta.kind === 'bool') !== (tb.kind === 'bool')) return { text: String(negated), level: Level.Primary };
    const op = equality ? (negated ? '!=' : '==') : e.kind;
    const level = equality ? Level.Equal : Level.Relation;
    if (ta.kind !== 'double' && tb.kind !== 'double') return this.#binary(op, level, this.#int(e.a), this.#int(e.b));
    if (equality && this.undefinedMatters) {
      const maybe = (t: NumericType): boolean => t.kind === 'double' && t.mayBeUndefined;
      if (maybe(ta) && maybe(tb)) {
        const same = this.#apply('harts_same', this.#raw(e.a).text, this.#raw(e.b).text);
        return negated ? { text: `!${same.text}`, level: Level.Unary } : same;
      }
      // Loosely, `undefined == 0` is false like `NaN == 0`.
    }
    return this.#binary(op, level, this.#double(e.a), this.#double(e.b));
  }

  /** A double as C writes it: the shortest decimal form that reads back as the same number. */
  literal(value: number): string {
    if (Number.isNaN(value)) return `${this.helper('harts_nan')}()`;
    if (!Number.isFinite(value)) return value > 0 ? '__builtin_inf()' : '-__builtin_inf()';
    if (Object.is(value, -0)) return '-0.0';
    const text = String(value);
    return /[.e]/.test(text) ? text : `${text}.0`;
  }
}
