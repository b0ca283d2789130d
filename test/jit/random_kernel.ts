/**
 * Random functions inside the kernel subset, drawn from a tape of choices so that a failing one can be named by its seed.
 *
 * All loops end: `for` loops run over small ranges and every other loop burns fuel.
 */
export interface RandomKernel {
  readonly text: string;
}

/** Parameters of every random kernel, in order. */
export const PARAMETERS = ['a', 'b', 'f', 'n', 'c', 'u', 'x', 'y', 'k', 'q'] as const;
export const CLASSES = ['f64', 'f64', 'f32', 'i32', 'u8c', 'u16', 'number', 'number', 'number', 'boolean'] as const;
const ARRAYS = ['a', 'b', 'f', 'n', 'c', 'u'];

const NUMBERS = [
  '0',
  '-0',
  '1',
  '2',
  '3',
  '5',
  '0.5',
  '-1.5',
  '7',
  '10',
  '31',
  '32',
  '255.5',
  '1e10',
  '4294967296',
  '2147483647',
  '-2147483648',
  '9007199254740993',
  'NaN',
  'Infinity',
  '-Infinity',
  '1e-7',
  '1e308',
  '5e-324',
  'Math.PI',
  '-1',
  'K',
];
const UNARY_MATH = ['sqrt', 'abs', 'floor', 'ceil', 'trunc', 'fround', 'sign', 'round', 'clz32'];
const BINARY = ['+', '-', '*', '/', '%', '&', '|', '^', '<<', '>>', '>>>'];
const COMPARE = ['<', '<=', '>', '>=', '===', '!==', '==', '!='];

/** Draws a kernel from a tape; the same tape gives the same kernel. */
export function randomKernel(tape: readonly number[]): RandomKernel {
  return { text: new Drawing(tape).kernel() };
}

class Drawing {
  readonly #tape: readonly number[];
  #at = 0;
  #names = 0;
  #loops = 0;
  #numbers: string[] = ['x', 'y', 'k'];
  #booleans: string[] = ['q'];
  #constants: string[] = [];
  #counters: string[] = [];
  #helpers: string[] = [];
  #lines: string[] = [];
  #indent = 1;
  /** Draw only expressions without effects. */
  #pure = false;
  /** Draw only arithmetic that compilers put into vectors: there a missed dependence shows. */
  #vector = false;

  constructor(tape: readonly number[]) {
    this.#tape = tape;
  }

  kernel(): string {
    this.#emit('let fuel = 60;');
    if (this.#one(3) === 0) this.#helper();
    const count = 2 + this.#one(4);
    for (let s = 0; s < count; s++) this.#statement(3);
    this.#emit(this.#one(4) === 0 ? `return ${this.#bool(2)} ? 1 : 0;` : `return ${this.#num(3)};`);
    return `function random(${PARAMETERS.join(', ')}) {\n${this.#lines.join('\n')}\n}`;
  }

  #next(): number {
    const value = this.#tape[this.#at++ % this.#tape.length] as number;
    // A tape that is too short goes on differently, not periodically.
    return (value + Math.floor(this.#at / this.#tape.length) * 7919) & 0xffff;
  }

  #one(n: number): number {
    return this.#next() % n;
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#one(list.length)] as T;
  }

  #emit(line: string): void {
    this.#lines.push('  '.repeat(this.#indent) + line);
  }

  #name(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }

  /** A nested function that reads, and sometimes writes, what is around it. */
  #helper(): void {
    const name = this.#name('h');
    const p = this.#name('p');
    const saved = { numbers: this.#numbers, counters: this.#counters };
    this.#numbers = [...saved.numbers, p];
    const effect = this.#one(3) === 0 ? `x = ${this.#num(1)}; ` : '';
    const body = this.#one(2) === 0 ? `if (${this.#bool(1)}) return ${this.#num(1)}; ` : '';
    this.#emit(`const ${name} = (${p}) => { ${effect}${body}return ${this.#num(2)}; };`);
    this.#numbers = saved.numbers;
    this.#helpers.push(name);
  }

  #block(depth: number, more?: () => void): void {
    const saved = { numbers: [...this.#numbers], booleans: [...this.#booleans], constants: [...this.#constants] };
    this.#indent++;
    more?.();
    const count = 1 + this.#one(2);
    for (let s = 0; s < count; s++) this.#statement(depth - 1);
    this.#indent--;
    this.#numbers = saved.numbers;
    this.#booleans = saved.booleans;
    this.#constants = saved.constants;
  }

  #statement(depth: number): void {
    const kind = this.#one(depth > 0 ? 18 : 8);
    switch (kind) {
      case 0:
      case 1: {
        const name = this.#name('v');
        const keyword = this.#pick(['let', 'const', 'let']);
        this.#emit(`${keyword} ${name} = ${this.#num(3)};`);
        (keyword === 'const' ? this.#constants : this.#numbers).push(name);
        return;
      }
      case 2: {
        const name = this.#name('t');
        this.#emit(`let ${name} = ${this.#bool(2)};`);
        this.#booleans.push(name);
        return;
      }
      case 3:
        this.#emit(
          `${this.#pick(this.#numbers)} ${this.#pick(['=', '+=', '-=', '*=', '/=', '|=', '>>>='])} ${this.#num(2)};`,
        );
        return;
      case 4:
        this.#emit(`${this.#pick(this.#numbers)}${this.#pick(['++', '--'])};`);
        return;
      case 5:
      case 6:
        this.#emit(`${this.#element()} ${this.#pick(['=', '=', '+=', '-=', '*='])} ${this.#num(3)};`);
        return;
      case 7:
        if (this.#loops > 0 && this.#one(2) === 0) {
          this.#emit(`if (${this.#bool(2)}) ${this.#pick(['break', 'continue'])};`);
        } else if (this.#one(4) === 0) {
          this.#emit(`if (${this.#bool(2)}) return ${this.#num(1)};`);
        } else {
          this.#emit(`${this.#element()}${this.#pick(['++', '--'])};`);
        }
        return;
      case 8:
      case 9:
        this.#emit(`if (${this.#bool(2)}) {`);
        this.#block(depth);
        if (this.#one(2) === 0) {
          this.#emit('} else {');
          this.#block(depth);
        }
        this.#emit('}');
        return;
      case 10: {
        this.#emit(`while (${this.#bool(2)} && fuel-- > 0) {`);
        this.#loops++;
        this.#block(depth);
        this.#loops--;
        this.#emit('}');
        return;
      }
      case 11: {
        this.#emit('do {');
        this.#loops++;
        this.#block(depth);
        this.#loops--;
        this.#emit(`} while (--fuel > 0 && ${this.#bool(2)});`);
        return;
      }
      case 12:
      case 13:
      case 14:
      case 15:
        this.#sweep();
        return;
      default:
        this.#for(depth);
    }
  }

  /** A loop without jumps and without effects other than stores: the kind that is vectorised when nothing depends. */
  #sweep(): void {
    const i = this.#name('i');
    const saved = { constants: [...this.#constants], pure: this.#pure };
    this.#pure = true;
    this.#vector = this.#one(2) === 0;
    // Vectors only run where every access is inside: a range that fits more often than not.
    const fits = this.#vector && this.#one(4) > 0;
    const start = fits ? '3' : this.#pick(['0', '1', '2', '0', '1', '-1']);
    const bound = fits
      ? this.#pick(['Math.min(a.length, b.length) - 1', 'a.length - 1', 'b.length - 1'])
      : this.#pick(['a.length', 'b.length - 1', 'f.length', '9', 'Math.min(a.length, b.length)', 'u.length']);
    this.#emit(`for (let ${i} = ${start}; ${i} < ${bound}; ${i} += ${this.#pick(['1', '1', '1', '2'])}) {`);
    this.#counters.push(i);
    this.#indent++;
    const count = 1 + this.#one(3);
    for (let s = 0; s < count; s++) {
      const array = this.#pick(this.#vector ? ['a', 'b'] : ARRAYS);
      const wild = this.#vector ? [] : [`${i} * 2`, `${i} - ${start}`];
      const target = `${array}[${this.#pick([i, i, i, `${i} + 1`, `${i} - 1`, ...wild])}]`;
      switch (this.#one(5)) {
        case 0: {
          const name = this.#name('v');
          this.#emit(`const ${name} = ${this.#num(2)};`);
          this.#constants.push(name);
          break;
        }
        case 1:
          this.#emit(`if (${this.#bool(2)}) ${target} = ${this.#num(2)};`);
          break;
        default:
          this.#emit(`${target} = ${this.#num(3)};`);
      }
    }
    this.#indent--;
    this.#counters.pop();
    this.#constants = saved.constants;
    this.#pure = saved.pure;
    this.#vector = false;
    this.#emit('}');
  }

  #for(depth: number): void {
    const i = this.#name('i');
    const start = this.#pick(['0', '1', '-1', 'k', 'n[0]', '2', 'k - 1']);
    const bound = this.#pick(['a.length', 'k', 'n[1]', '7', 'a.length - 1', 'b.length', 'y', 'k + 3']);
    const guard = '(fuel -= 1) > 0';
    switch (this.#one(6)) {
      case 0:
        this.#emit(`for (let ${i} = ${bound}; ${i} >= ${start}; ${i}--) {`);
        break;
      case 1:
        this.#emit(`for (let ${i} = ${start}; ${i} <= ${bound}; ${i} += ${1 + this.#one(3)}) {`);
        break;
      case 2:
        this.#emit(`for (let ${i} = ${start}; ${i} < ${bound} && ${guard}; ${i}++) {`);
        break;
      default:
        this.#emit(`for (let ${i} = ${start}; ${i} < ${bound}; ${i}++) {`);
    }
    this.#loops++;
    this.#counters.push(i);
    this.#block(depth, () => {
      // Ranges may be huge when a bound is: every loop burns fuel, some of them in a way that leaves the loop simple.
      this.#emit(this.#one(2) === 0 ? 'if (fuel-- < 0) break;' : `if (${i} > 40 || ${i} < -40) break;`);
      this.#emit('if (fuel < -400) break;');
      this.#emit('fuel--;');
    });
    this.#counters.pop();
    this.#loops--;
    this.#emit('}');
  }

  #index(): string {
    const counter = this.#counters.length > 0 ? this.#pick(this.#counters) : 'k';
    switch (this.#one(9)) {
      case 0:
        return this.#num(1);
      case 1:
        return `(${this.#num(1)} | 0)`;
      case 2:
        return `${counter} * 2 + ${this.#one(3)}`;
      case 3:
        return `n[${counter}]`;
      case 4:
        return String(this.#one(12));
      case 5:
        return `${counter} - ${this.#one(3)}`;
      case 6:
        return `${counter} + k`;
      default:
        return counter;
    }
  }

  #element(): string {
    return `${this.#pick(ARRAYS)}[${this.#index()}]`;
  }

  #num(depth: number): string {
    if (this.#vector) return this.#vectorNum(depth);
    if (depth <= 0) {
      switch (this.#one(5)) {
        case 0:
          return this.#pick(NUMBERS);
        case 1:
          return this.#counters.length > 0 ? this.#pick(this.#counters) : this.#pick(this.#numbers);
        case 2:
          return this.#constants.length > 0 ? this.#pick(this.#constants) : this.#pick(this.#numbers);
        case 3:
          return this.#element0();
        default:
          return this.#pick(this.#numbers);
      }
    }
    const d = depth - 1;
    const kind = this.#one(20);
    if (this.#pure && ((kind >= 10 && kind <= 12) || (kind === 14 && this.#helpers.length > 0))) return this.#element();
    switch (kind) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return `(${this.#num(d)} ${this.#pick(BINARY)} ${this.#num(d)})`;
      case 5:
        return `(${this.#pick(['- ', '+ ', '~'])}${this.#num(d)})`;
      case 6:
        return `Math.${this.#pick(UNARY_MATH)}(${this.#num(d)})`;
      case 7:
        return `Math.${this.#pick(['min', 'max'])}(${this.#num(d)}, ${this.#num(d)})`;
      case 8:
        return `(${this.#bool(d)} ? ${this.#num(d)} : ${this.#num(d)})`;
      case 9:
        return `(${this.#num(d)} ${this.#pick(['&&', '||'])} ${this.#num(d)})`;
      case 10:
        return `(${this.#pick(this.#numbers)} ${this.#pick(['=', '+=', '*='])} ${this.#num(d)})`;
      case 11:
        return this.#one(2) === 0 ? `${this.#pick(this.#numbers)}++` : `(--${this.#pick(this.#numbers)})`;
      case 12:
        return `(${this.#element()} = ${this.#num(d)})`;
      case 13:
        return `${this.#pick(ARRAYS)}.length`;
      case 14:
        return this.#helpers.length > 0 ? `${this.#pick(this.#helpers)}(${this.#num(d)})` : `twice(${this.#num(d)})`;
      case 15:
        return `(+${this.#bool(d)})`;
      case 16:
        return `Math.imul(${this.#num(d)}, ${this.#num(d)})`;
      case 17:
        return `fact(${this.#num(d)})`;
      case 18:
        return `total(${this.#pick(['a', 'b', 'f'])}, ${this.#num(d)})`;
      default:
        return this.#element();
    }
  }

  #vectorNum(depth: number): string {
    const i = this.#counters[this.#counters.length - 1] as string;
    const element = (): string =>
      `${this.#pick(['a', 'b'])}[${this.#pick([i, i, `${i} - 1`, `${i} + 1`, `${i} - 3`])}]`;
    if (depth <= 0) return this.#one(3) === 0 ? this.#pick(['0.5', 'x', '3', 'y']) : element();
    const d = depth - 1;
    switch (this.#one(4)) {
      case 0:
        return `Math.max(${this.#vectorNum(d)}, ${this.#vectorNum(d)})`;
      case 1:
        return `(${this.#vectorNum(d)} > ${this.#vectorNum(d)} ? ${element()} : ${this.#vectorNum(d)})`;
      default:
        return `(${this.#vectorNum(d)} ${this.#pick(['+', '-', '*'])} ${this.#vectorNum(d)})`;
    }
  }

  /** An element whose index draws nothing deep. */
  #element0(): string {
    const counter = this.#counters.length > 0 ? this.#pick(this.#counters) : 'k';
    return `${this.#pick(ARRAYS)}[${this.#pick([counter, `${counter} + 1`, '0', '3', 'x'])}]`;
  }

  #bool(depth: number): string {
    if (depth <= 0) return this.#one(3) === 0 ? this.#pick(['true', 'false']) : this.#pick(this.#booleans);
    const d = depth - 1;
    switch (this.#one(8)) {
      case 0:
        return `!${this.#bool(d)}`;
      case 1:
        return `(${this.#bool(d)} ${this.#pick(['&&', '||'])} ${this.#bool(d)})`;
      case 2:
        return `!(${this.#num(d)})`;
      case 3:
        return `Number.${this.#pick(['isNaN', 'isFinite', 'isInteger'])}(${this.#num(d)})`;
      case 4:
        return `(${this.#pick(this.#booleans)} ${this.#pick(['===', '!=='])} ${this.#bool(d)})`;
      default:
        return `(${this.#num(d)} ${this.#pick(COMPARE)} ${this.#num(d)})`;
    }
  }
}

/** What random kernels may call; given to them through `env`. */
const HELPERS = `
  const K = 2.5;
  const twice = (v) => v * 2;
  const fact = (v) => {
    if (!(v > 1)) return 1;
    if (v > 12) return v;
    return v * fact(v - 1);
  };
  const total = (s, from) => {
    let sum = 0;
    const first = from | 0;
    for (let i = first; i < s.length && i < first + 50; i++) sum += s[i];
    return sum;
  };
  return { K, twice, fact, total, random: RANDOM };`;

/** Makes the function of a text, and the environment that it runs in. */
export function instantiate(kernel: RandomKernel): {
  fn: (...args: unknown[]) => unknown;
  env: Record<string, unknown>;
} {
  const { random, ...env } = new Function(HELPERS.replace('RANDOM', () => kernel.text))();
  return { fn: random, env };
}
