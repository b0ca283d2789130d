import { KernelError } from '../errors.js';
import { native } from '../native/load.js';
import { type Acquired, acquire } from './acquire.js';
import { type ArgumentClass, bind } from './bind.js';
import type { Call, Kernel, ResolvedCall } from './call.js';
import { type Reason, Rejection } from './diagnostics.js';
import { type Loaded, obtain } from './engine.js';
import type { Explanation } from './explain.js';
import { MAX_DEPTH } from './generate.js';
import { kernelIdentity } from './identity.js';
import type { Environment } from './lower.js';
import { translate } from './pipeline.js';

export type { Call, Kernel, ResolvedCall } from './call.js';
export type { Explanation } from './explain.js';

/** How a kernel is compiled. */
export interface KernelOptions {
  /** Shown in reports; the function's own name by default. */
  readonly name?: string;
  /** Names that the function uses from outside: numbers (become constants) and helper functions (are compiled in). */
  readonly env?: Environment;
  /** Throw `KernelError` instead of running plain JS. */
  readonly strict?: boolean;
  /** Where compiled objects are kept; see `HARTS_CACHE`. */
  readonly cacheDir?: string;
}

/** What became of one list of argument classes. */
type Variant =
  | { readonly kind: 'native'; readonly loaded: Loaded; readonly classes: readonly ArgumentClass[] }
  | { readonly kind: 'plain'; readonly rejection: Rejection; readonly classes: readonly ArgumentClass[] };

/**
 * Compiles `fn` to native code when it is called, once per list of argument classes.
 *
 * `fn` stays an ordinary function of typed arrays, numbers and booleans. What it may contain: scalars, loops,
 * conditionals, local helper functions, `Math`; elements and lengths of its arrays. Anything else runs as plain JS, with
 * the same result, and `explain()` says why and where.
 *
 * Compiled code computes what JS computes, bit for bit, except that `exp sin cos tan log pow` and their kin may differ
 * by 1 ulp, that returning an element outside an array gives NaN instead of `undefined`, and that helpers recurse at most
 * 2000 deep.
 *
 * @throws KernelError `ERR_HARTS_KERNEL` with line and column, only when `strict`.
 */
export function kernel<A extends unknown[], R>(fn: (...args: A) => R, options: KernelOptions = {}): Kernel<A, R> {
  const engine = new KernelEngine(fn as (...args: never[]) => unknown, options);
  const call = function (this: unknown, ...args: A): R {
    const resolved = engine.resolve(args);
    return resolved === undefined ? fn.apply(this, args) : (engine.run(resolved) as R);
  };
  const properties = {
    plain: fn,
    kernelName: engine.name,
    bind: (...args: A): Call => ({ kind: 'call', kernel: made, args }),
    resolve: (args: readonly unknown[]) => engine.resolve(args),
    explain: () => engine.explain(),
    source: () => engine.source(),
  };
  Object.defineProperty(call, 'name', { value: engine.name });
  const made: Kernel<A, R> = Object.assign(call, properties);
  return made;
}

/** One user function and its compiled variants. */
class KernelEngine {
  readonly name: string;
  readonly #fn: (...args: never[]) => unknown;
  readonly #options: KernelOptions;
  readonly #env: Environment;
  readonly #variants = new Map<string, Variant>();
  #acquired: Acquired | Rejection | undefined;
  #last: Variant | undefined;
  #lastBindFailure: Rejection | undefined;

  constructor(fn: (...args: never[]) => unknown, options: KernelOptions) {
    if (typeof fn !== 'function') {
      throw new KernelError(`kernel() was given ${fn === null ? 'null' : `a value of type ${typeof fn}`}. Pass a function.`);
    }
    this.#fn = fn;
    this.#options = options;
    this.#env = options.env ?? {};
    this.name = options.name ?? (fn.name || 'anonymous');
    if (options.strict) this.#acquire();
  }

  /** The native form of a call, or `undefined` when `fn` must run itself. */
  resolve(args: readonly unknown[]): ResolvedCall | undefined {
    const acquired = this.#acquire();
    if (acquired instanceof Rejection) return undefined;
    let bound: ReturnType<typeof bind>;
    try {
      bound = bind(acquired.params.map((p) => p.name), args);
    } catch (error) {
      this.#lastBindFailure = this.#failed(error);
      return undefined;
    }
    this.#lastBindFailure = undefined;
    const key = bound.classes.join();
    let variant = this.#variants.get(key);
    if (variant === undefined) {
      variant = this.#compile(acquired, bound.classes);
      this.#variants.set(key, variant);
    }
    this.#last = variant;
    if (variant.kind === 'plain') {
      this.#failed(variant.rejection);
      return undefined;
    }
    const { entry, facts } = variant.loaded;
    // Set by compiled code when its recursion went too deep; every call has its own.
    if (facts.needsDepthFlag === true) bound.arrays.push(new Int32Array(1));
    return { entry, arrays: bound.arrays, scalars: bound.scalars, returns: facts.returns as ResolvedCall['returns'] };
  }

  run({ entry, arrays, scalars, returns }: ResolvedCall): unknown {
    const value = native().callEntry(entry, arrays, scalars);
    const last = this.#last;
    if (last?.kind === 'native' && last.loaded.facts.needsDepthFlag === true && arrays[arrays.length - 1]?.[0] === 1) {
      throw new KernelError(
        `A helper of \`${this.name}\` recursed more than ${MAX_DEPTH} deep. Use a loop, or call the plain function.`,
      );
    }
    return returns === 'void' ? undefined : returns === 'boolean' ? value !== 0 : value;
  }

  explain(): Explanation {
    const plain = (r: Rejection): Explanation => ({
      status: 'plain',
      reasons: [r.toReason()],
      cache: undefined,
      compileMs: undefined,
    });
    const acquired = this.#acquired ?? this.#tryAcquire();
    if (acquired instanceof Rejection) return plain(acquired);
    if (this.#lastBindFailure !== undefined) return plain(this.#lastBindFailure);
    const last = this.#last;
    if (last === undefined) return plain(new Rejection('bind', `\`${this.name}\` has not been called yet`));
    if (last.kind === 'plain') return plain(last.rejection);
    const { notes, origin, compileMs } = last.loaded;
    return { status: 'native', reasons: notes, cache: origin, compileMs };
  }

  source(): string | undefined {
    const acquired = this.#acquired ?? this.#tryAcquire();
    const last = this.#last;
    if (acquired instanceof Rejection || last === undefined) return undefined;
    try {
      return translate(acquired, last.classes, this.#env).source;
    } catch (error) {
      if (error instanceof Rejection) return undefined;
      throw error;
    }
  }

  #compile(acquired: Acquired, classes: readonly ArgumentClass[]): Variant {
    try {
      const loaded = obtain({
        identity: kernelIdentity(acquired, classes, this.#env),
        extraFlags: [],
        cacheDir: this.#options.cacheDir,
        generate: () => {
          const { source, returns, needsDepthFlag } = translate(acquired, classes, this.#env);
          return { source, facts: { returns, needsDepthFlag } };
        },
      });
      return { kind: 'native', loaded, classes };
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      return { kind: 'plain', rejection: error, classes };
    }
  }

  #acquire(): Acquired | Rejection {
    const acquired = this.#tryAcquire();
    if (acquired instanceof Rejection) this.#failed(acquired);
    return acquired;
  }

  #tryAcquire(): Acquired | Rejection {
    if (this.#acquired !== undefined) return this.#acquired;
    try {
      this.#acquired = acquire(this.#fn);
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      this.#acquired = error;
    }
    return this.#acquired;
  }

  /** Under `strict` a rejection is an error; otherwise it is only remembered. */
  #failed(error: unknown): Rejection {
    if (!(error instanceof Rejection)) throw error;
    if (this.#options.strict) throw strictError(this.name, error);
    return error;
  }
}

/** The error that a rejection becomes under `strict`. */
export function strictError(name: string, rejection: Rejection): KernelError {
  const { position } = rejection;
  const where = position === undefined ? '' : ` (line ${position.line}, column ${position.column})`;
  return new KernelError(
    `\`${name}\` cannot run natively: ${rejection.message}${where}. Change the function, or leave out \`strict\` to run it as plain JS.`,
    position,
    { cause: rejection },
  );
}

export type { Reason };
