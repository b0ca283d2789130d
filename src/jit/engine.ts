import { HartsError } from '../errors.js';
import { type NativeEntry, native } from '../native/load.js';
import { type ObjectFacts, openCache, sha256, wantedDirectory } from './cache.js';
import { compileObject, cpuId, findToolchain, KERNEL_FLAGS, type Toolchain } from './compile.js';
import { type Reason, Rejection } from './diagnostics.js';
import { ENTRY_SYMBOL, GENERATOR_VERSION } from './generate.js';

/** Something to compile: what identifies it, and how to make its C when no cached object exists. */
export interface Recipe {
  /** Everything that the generated code depends on, besides generator, flags, compiler and processor. */
  readonly identity: string;
  /** The code has OpenMP regions. */
  readonly parallel: boolean;
  readonly cacheDir: string | undefined;
  generate(): { readonly source: string; readonly facts: ObjectFacts };
}

/** A loaded object. */
export interface Loaded {
  readonly entry: NativeEntry;
  readonly facts: ObjectFacts;
  readonly origin: 'memory' | 'disk' | 'compiled';
  readonly compileMs: number | undefined;
  readonly notes: readonly Reason[];
}

/** Objects of this process, by cache directory and key. */
const loaded = new Map<string, Loaded>();

/** The key of a recipe: generator version, identity, flags, compiler, processor. */
export function keyOf(recipe: Recipe): string {
  const toolchain = findToolchain();
  const flags = flagsOf(recipe, toolchain);
  return sha256(JSON.stringify([GENERATOR_VERSION, recipe.identity, flags, toolchain.id, cpuId()]));
}

function flagsOf(recipe: Recipe, toolchain: Toolchain): string[] {
  const parallel = recipe.parallel && toolchain.gomp;
  return parallel ? [...KERNEL_FLAGS, '-fopenmp'] : [...KERNEL_FLAGS];
}

/**
 * Gets the native code of a recipe: from this process, from the cache on disk, or from the compiler.
 *
 * @throws Rejection when there is no compiler, it fails, the object cannot be loaded, or the addon is missing.
 */
export function obtain(recipe: Recipe): Loaded {
  const toolchain = findToolchain();
  const key = keyOf(recipe);
  const cache = openCache(wantedDirectory(recipe.cacheDir));
  const memoryKey = `${cache.directory}\0${key}`;
  const known = loaded.get(memoryKey);
  if (known !== undefined) return { ...known, origin: 'memory' };
  const notes: Reason[] = [];
  const note = (message: string): void => {
    notes.push({ phase: 'cache', message, line: undefined, column: undefined });
  };
  for (const message of cache.notes) note(message);
  if (recipe.parallel && !toolchain.gomp) {
    const message = `${toolchain.path} cannot use our OpenMP runtime; the sweep runs on one hart (gcc would use all)`;
    notes.push({ phase: 'compile', message, line: undefined, column: undefined });
  }
  let object = cache.find(key, (why) => note(`${why}; it was compiled again`));
  const origin = object === undefined ? 'compiled' : 'disk';
  let compileMs: number | undefined;
  if (object === undefined) {
    const { source, facts } = recipe.generate();
    try {
      object = cache.store(key, facts, (path) => {
        compileMs = compileObject(toolchain, flagsOf(recipe, toolchain), source, path);
      });
    } catch (error) {
      if (error instanceof Rejection) throw error;
      throw new Rejection('cache', `the object cannot be written to ${cache.directory}: ${(error as Error).message}`);
    }
  }
  const made: Loaded = { entry: load(object.path), facts: object.facts, origin, compileMs, notes };
  loaded.set(memoryKey, made);
  return made;
}

function load(path: string): NativeEntry {
  try {
    return native().loadEntry(path, ENTRY_SYMBOL);
  } catch (error) {
    if (error instanceof HartsError) throw new Rejection('run', error.message);
    throw new Rejection('run', `the compiled object cannot be loaded: ${(error as Error).message}`);
  }
}
