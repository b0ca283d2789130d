import { KernelError } from '../errors.js';
import { native } from '../native/load.js';
import type { Acquired } from './acquire.js';
import { type ArgumentClass, areSeparate, type Bound, bind } from './bind.js';
import type { Call, Kernel, ResolvedCall } from './call.js';
import type { Recipe } from './engine.js';
import { MAX_DEPTH } from './generate.js';
import { kernelIdentity } from './identity.js';
import type { Environment } from './lower.js';
import { translate } from './pipeline.js';
import { Variants } from './variants.js';

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

/** A resolved call, and where compiled code notes that its recursion went too deep. */
interface InnerCall extends ResolvedCall {
  readonly depthFlag: Int32Array | undefined;
}

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
  if (typeof fn !== 'function') {
    throw new KernelError(
      `kernel() was given ${fn === null ? 'null' : `a value of type ${typeof fn}`}. Pass a function.`,
    );
  }
  const name = options.name ?? (fn.name || 'anonymous');
  const variants = new Variants(name, fn as (...args: never[]) => unknown, options.strict === true);
  const env = options.env ?? {};

  const resolve = (args: readonly unknown[]): InnerCall | undefined => {
    const parsed = variants.parsed();
    if (parsed === undefined) return undefined;
    let bound: Bound;
    try {
      bound = bind(parsed.paramNames, args);
    } catch (error) {
      variants.refuse(error);
      return undefined;
    }
    const { classes, arrays, scalars } = bound;
    const loaded = variants.get(classes.join(), () => kernelRecipe(parsed, classes, env, options.cacheDir));
    if (loaded === undefined) return undefined;
    const { entry, facts } = loaded;
    // Set by compiled code when its recursion went too deep; every call has its own.
    if (facts.needsSeparateFlag === true) scalars.push(areSeparate(arrays) ? 1 : 0);
    const depthFlag = facts.needsDepthFlag === true ? new Int32Array(1) : undefined;
    if (depthFlag !== undefined) arrays.push(depthFlag);
    return { entry, arrays, scalars, returns: facts.returns as ResolvedCall['returns'], depthFlag };
  };

  const call = function (this: unknown, ...args: A): R {
    const resolved = resolve(args);
    return resolved === undefined ? fn.apply(this, args) : (run(name, resolved) as R);
  };
  Object.defineProperty(call, 'name', { value: name });
  const made: Kernel<A, R> = Object.assign(call, {
    plain: fn,
    kernelName: name,
    bind: (...args: A): Call => ({ kind: 'call', kernel: made, args }),
    resolve,
    explain: () => variants.explain(),
    source: () => variants.source(),
  });
  return made;
}

function kernelRecipe(
  parsed: Acquired,
  classes: readonly ArgumentClass[],
  env: Environment,
  cacheDir: string | undefined,
): Recipe {
  return {
    identity: kernelIdentity(parsed, classes, env),
    parallel: false,
    cacheDir,
    generate: () => {
      const { source, ...facts } = translate(parsed, classes, env);
      return { source, facts };
    },
  };
}

function run(name: string, { entry, arrays, scalars, returns, depthFlag }: InnerCall): unknown {
  const value = native().callEntry(entry, arrays, scalars);
  if (depthFlag?.[0] === 1) {
    throw new KernelError(
      `A helper of \`${name}\` recursed more than ${MAX_DEPTH} deep. Use a loop, or call the plain function.`,
    );
  }
  return returns === 'void' ? undefined : returns === 'boolean' ? value !== 0 : value;
}
