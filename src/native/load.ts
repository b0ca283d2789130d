import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from '../errors.js';
import type { NativeBinding } from './binding.js';
import { warnOfForeignOpenmp } from './foreign_openmp.js';

export type {
  HartPlace,
  HartStats,
  NativeBinding,
  NativeEntry,
  Plan,
  PlanResult,
  RuntimeStats,
  Topology,
  TypedArray,
} from './binding.js';

let loaded: NativeBinding | undefined;

/**
 * The native core, loaded at the first call. Loading starts no thread.
 *
 * @throws SetupError `ERR_HARTS_NATIVE_MISSING` when it has not been built, `ERR_HARTS_NATIVE_LOAD` when it cannot be
 *   loaded; callers that can do without it catch these and run plain JS.
 */
export function native(): NativeBinding {
  loaded ??= load();
  return loaded;
}

/** Whether the native core can be had; loads it if so. */
export function hasNative(): boolean {
  try {
    native();
    return true;
  } catch (error) {
    if (error instanceof SetupError) return false;
    throw error;
  }
}

/** Where the addon is looked for: `HARTS_NATIVE`, or `build/Release/harts.node` in the package. */
export function nativePath(): string {
  const override = process.env.HARTS_NATIVE;
  return override ? resolve(override) : join(packageRoot(), 'build', 'Release', 'harts.node');
}

/** The directory of our libgomp.so.1: it lies beside the addon. */
export function openmpDirectory(): string {
  return dirname(nativePath());
}

function load(): NativeBinding {
  const path = nativePath();
  if (!existsSync(path)) {
    const source = process.env.HARTS_NATIVE ? ' (from HARTS_NATIVE)' : '';
    throw new SetupError(
      'ERR_HARTS_NATIVE_MISSING',
      `The native part of harts is not at ${path}${source}. Build it with "npm run build:native" in ${packageRoot()}.`,
    );
  }
  try {
    const binding = createRequire(import.meta.url)(path) as NativeBinding;
    warnOfForeignOpenmp(binding.foreignOpenmp());
    return binding;
  } catch (cause) {
    throw loadFailure(path, cause);
  }
}

function loadFailure(path: string, cause: unknown): SetupError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const denied = (cause as { code?: unknown } | null)?.code === 'ERR_DLOPEN_DISABLED';
  const cure = denied
    ? 'Start Node with --allow-addons, which its permission model asks for.'
    : 'Build it again with "npm run build:native".';
  return new SetupError(
    'ERR_HARTS_NATIVE_LOAD',
    `The native part of harts at ${path} cannot be loaded: ${reason}. ${cure}`,
    {
      cause,
    },
  );
}

/** The nearest directory above this module whose package.json is that of harts: the same from sources and from dist/. */
function packageRoot(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let directory = start; ; directory = dirname(directory)) {
    if (packageName(join(directory, 'package.json')) === 'harts') return directory;
    if (directory === dirname(directory)) {
      throw new SetupError(
        'ERR_HARTS_NATIVE_MISSING',
        `No directory above ${start} holds the package.json of harts, so its native part cannot be found. ` +
          'Set HARTS_NATIVE to the path of harts.node.',
      );
    }
  }
}

function packageName(path: string): unknown {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { name?: unknown }).name;
  } catch {
    return undefined;
  }
}
