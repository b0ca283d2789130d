import { createHash, randomBytes } from 'node:crypto';
import {
  accessSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** What is remembered about an object besides its code. */
export type ObjectFacts = Readonly<Record<string, string | number | boolean>>;

interface Manifest {
  readonly key: string;
  readonly object: string;
  readonly sha256: string;
  readonly facts: ObjectFacts;
}

/** An object that may be loaded. */
export interface CachedObject {
  readonly path: string;
  readonly facts: ObjectFacts;
}

/**
 * A private directory of compiled objects, shared by any number of processes.
 *
 * Each object comes with a manifest that holds its hash. Both are written under a temporary name and renamed, the
 * manifest last, and an object's name contains its hash: so whoever finds a manifest finds the object it speaks of,
 * whatever other processes do. Nothing is loaded from a directory, or a file, that somebody else could have written.
 */
export class ObjectCache {
  readonly directory: string;
  /** Why the wanted directory is not used, for `explain()`. */
  readonly notes: readonly string[];

  constructor(directory: string, notes: readonly string[]) {
    this.directory = directory;
    this.notes = notes;
  }

  /**
   * The object for a key, if there is a trustworthy one.
   *
   * @param refused is told why a cached object was not used.
   */
  find(key: string, refused: (why: string) => void): CachedObject | undefined {
    let manifest: Manifest;
    const manifestPath = join(this.directory, `${key}.json`);
    try {
      const problem = problemOf(manifestPath);
      if (problem !== undefined) {
        refused(`the manifest ${manifestPath} ${problem}`);
        return undefined;
      }
      manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as Manifest;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') refused(`the manifest ${manifestPath} cannot be read`);
      return undefined;
    }
    if (manifest.key !== key || manifest.object !== objectName(key, manifest.sha256)) {
      refused(`the manifest ${manifestPath} does not belong to its key`);
      return undefined;
    }
    const path = join(this.directory, manifest.object);
    try {
      const problem = problemOf(path);
      if (problem !== undefined) {
        refused(`the object ${path} ${problem}`);
        return undefined;
      }
      if (sha256(readFileSync(path)) !== manifest.sha256) {
        refused(`the object ${path} does not match its manifest`);
        return undefined;
      }
    } catch {
      refused(`the object ${path} cannot be read`);
      return undefined;
    }
    return { path, facts: manifest.facts };
  }

  /** Makes an object with `build`, which writes it to the path it is given, and enters it under `key`. */
  store(key: string, facts: ObjectFacts, build: (path: string) => void): CachedObject {
    const temporary = join(this.directory, `.${key.slice(0, 16)}-${process.pid}-${randomBytes(6).toString('hex')}`);
    try {
      build(`${temporary}.so`);
      const hash = sha256(readFileSync(`${temporary}.so`));
      const object = objectName(key, hash);
      const manifest: Manifest = { key, object, sha256: hash, facts };
      writeFileSync(`${temporary}.json`, JSON.stringify(manifest), { mode: 0o600, flag: 'wx' });
      renameSync(`${temporary}.so`, join(this.directory, object));
      renameSync(`${temporary}.json`, join(this.directory, `${key}.json`));
      return { path: join(this.directory, object), facts };
    } finally {
      rmSync(`${temporary}.so`, { force: true });
      rmSync(`${temporary}.json`, { force: true });
    }
  }
}

function objectName(key: string, hash: string): string {
  return `${key}-${hash.slice(0, 16)}.so`;
}

export function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Why a file of the cache must not be trusted; throws when it does not exist. */
function problemOf(path: string): string | undefined {
  const s = lstatSync(path);
  if (s.isSymbolicLink()) return 'is a symbolic link';
  if (!s.isFile()) return 'is not a plain file';
  if (process.getuid !== undefined && s.uid !== process.getuid()) return 'belongs to another user';
  if ((s.mode & 0o022) !== 0) return 'can be written by other users';
  return undefined;
}

/** Why a directory cannot hold the cache; it is created if it does not exist. */
function directoryProblem(directory: string): string | undefined {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const s = lstatSync(directory);
    if (s.isSymbolicLink()) return 'is a symbolic link';
    if (!s.isDirectory()) return 'is not a directory';
    if (process.getuid !== undefined && s.uid !== process.getuid()) return 'belongs to another user';
    if ((s.mode & 0o077) !== 0) return `has mode ${(s.mode & 0o777).toString(8)}, but must be private (700)`;
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return `cannot be used (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`;
  }
}

/** The directory that a process should use: an option, `HARTS_CACHE`, or the user's cache directory. */
export function wantedDirectory(option: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  if (option !== undefined) return option;
  if (env.HARTS_CACHE) return env.HARTS_CACHE;
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'harts');
}

const caches = new Map<string, ObjectCache>();
let temporaryDirectory: string | undefined;

/** The cache in a directory, or in a private temporary one (removed at exit) when that cannot be used safely. */
export function openCache(directory: string): ObjectCache {
  const known = caches.get(directory);
  if (known !== undefined) return known;
  const problem = directoryProblem(directory);
  const cache =
    problem === undefined
      ? new ObjectCache(directory, [])
      : new ObjectCache(privateTemporary(), [
          `the cache directory ${directory} ${problem}; compiled objects are kept in a private temporary directory`,
        ]);
  if (problem === undefined) caches.set(directory, cache);
  return cache;
}

function privateTemporary(): string {
  if (temporaryDirectory === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'harts-'));
    temporaryDirectory = made;
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  }
  return temporaryDirectory;
}
