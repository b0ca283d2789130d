import { KernelError } from '../errors.js';
import { type Acquired, acquire } from './acquire.js';
import { Rejection } from './diagnostics.js';
import { type Loaded, obtain, type Recipe } from './engine.js';
import type { Explanation } from './explain.js';

/** What became of one list of argument classes. */
type Variant =
  | { readonly kind: 'native'; readonly recipe: Recipe; readonly loaded: Loaded }
  | { readonly kind: 'plain'; readonly recipe: Recipe; readonly rejection: Rejection };

/** One user function and its compiled variants: what kernels and stencils have in common. */
export class Variants {
  readonly name: string;
  readonly #fn: (...args: never[]) => unknown;
  readonly #strict: boolean;
  readonly #byKey = new Map<string, Variant>();
  #acquired: Acquired | Rejection | undefined;
  #last: Variant | undefined;
  /** Why the last call did not even get a variant. */
  #refusal: Rejection | undefined;

  /** @throws KernelError under `strict`, when the function's text cannot be used. */
  constructor(name: string, fn: (...args: never[]) => unknown, strict: boolean) {
    this.name = name;
    this.#fn = fn;
    this.#strict = strict;
    if (strict) this.parsed();
  }

  /** The parsed function, or `undefined` when its text cannot be used. */
  parsed(): Acquired | undefined {
    const acquired = this.#acquire();
    if (!(acquired instanceof Rejection)) return acquired;
    this.#failed(acquired);
    return undefined;
  }

  /** The native code for a key, made by the recipe the first time; `undefined` when there is none. */
  get(key: string, recipe: () => Recipe): Loaded | undefined {
    let variant = this.#byKey.get(key);
    if (variant === undefined) {
      variant = make(recipe());
      this.#byKey.set(key, variant);
    }
    this.#refusal = undefined;
    this.#last = variant;
    if (variant.kind === 'native') return variant.loaded;
    this.#failed(variant.rejection);
    return undefined;
  }

  /** Notes that a call runs plainly for a reason of its own. */
  refuse(error: unknown): void {
    if (!(error instanceof Rejection)) throw error;
    this.#refusal = error;
    this.#failed(error);
  }

  explain(): Explanation {
    const acquired = this.#acquire();
    if (acquired instanceof Rejection) return plainly(acquired);
    if (this.#refusal !== undefined) return plainly(this.#refusal);
    const last = this.#last;
    if (last === undefined) return plainly(new Rejection('bind', `\`${this.name}\` has not been called yet`));
    if (last.kind === 'plain') return plainly(last.rejection);
    const { notes, origin, compileMs } = last.loaded;
    return { status: 'native', reasons: notes, cache: origin, compileMs };
  }

  /** The C of the last variant. */
  source(): string | undefined {
    try {
      return this.#last?.recipe.generate().source;
    } catch (error) {
      if (error instanceof Rejection) return undefined;
      throw error;
    }
  }

  #acquire(): Acquired | Rejection {
    if (this.#acquired !== undefined) return this.#acquired;
    try {
      this.#acquired = acquire(this.#fn);
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      this.#acquired = error;
    }
    return this.#acquired;
  }

  /** Under `strict` a rejection is an error. */
  #failed(rejection: Rejection): void {
    if (!this.#strict) return;
    const { position } = rejection;
    const where = position === undefined ? '' : ` (line ${position.line}, column ${position.column})`;
    throw new KernelError(
      `\`${this.name}\` cannot run natively: ${rejection.message}${where}. Change the function, or leave out \`strict\` to run it as plain JS.`,
      position,
      { cause: rejection },
    );
  }
}

function make(recipe: Recipe): Variant {
  try {
    return { kind: 'native', recipe, loaded: obtain(recipe) };
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return { kind: 'plain', recipe, rejection: error };
  }
}

function plainly(r: Rejection): Explanation {
  return { status: 'plain', reasons: [r.toReason()], cache: undefined, compileMs: undefined };
}
