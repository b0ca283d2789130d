import type * as acorn from 'acorn';
import type { ArrayRef, IRFunction, Variable } from './ir.js';

/** A function of the source that can be called: a helper from `env`, or one declared inside the kernel. */
export interface LocalFunction {
  readonly name: string;
  readonly node: acorn.Function;
  readonly columnShift: number;
  /** Named in messages when the text is not the kernel's own. */
  readonly helper: string | undefined;
  readonly scope: Scope;
  /** One instance per list of argument kinds. */
  readonly instances: Map<string, IRFunction>;
}

/** What a name means. `ready` is false between the start of its block and its declaration. */
export type Binding =
  | { readonly kind: 'variable'; readonly variable: Variable; readonly writable: boolean; ready: boolean }
  | { readonly kind: 'array'; readonly array: ArrayRef; ready: boolean }
  | { readonly kind: 'function'; readonly local: LocalFunction; ready: boolean }
  | { readonly kind: 'constant'; readonly value: number | boolean }
  | { readonly kind: 'grid'; readonly grid: number; readonly owner: IRFunction }
  | { readonly kind: 'pending'; readonly writable: boolean; readonly node: acorn.AnyNode };

/** Names of one block, and the block around it. */
export class Scope {
  readonly #names = new Map<string, Binding>();
  readonly #parent: Scope | undefined;

  constructor(parent: Scope | undefined) {
    this.#parent = parent;
  }

  declare(name: string, binding: Binding): void {
    this.#names.set(name, binding);
  }

  own(name: string): Binding | undefined {
    return this.#names.get(name);
  }

  find(name: string): Binding | undefined {
    return this.#names.get(name) ?? this.#parent?.find(name);
  }
}
