// A build step is fresh when its stamp holds the fingerprint of its inputs and its outputs exist. The stamp is removed
// before the step starts and written, by rename, after it has ended: an interrupted step is stale.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * All files under `paths`, sorted; a path may be a file, a directory or missing.
 *
 * @param {string} root
 * @param {readonly string[]} paths relative to root
 * @returns {string[]} relative to root
 */
export function listFiles(root, paths) {
  /** @type {string[]} */
  const files = [];
  /** @param {string} path */
  const visit = (path) => {
    const stat = statSync(join(root, path), { throwIfNoEntry: false });
    if (stat?.isDirectory()) for (const name of readdirSync(join(root, path))) visit(`${path}/${name}`);
    else if (stat?.isFile()) files.push(path);
  };
  for (const path of paths) visit(path);
  return files.sort();
}

/**
 * Hashes the names and contents of `files` and the words of `extra`. Times play no part, so a fresh checkout of the
 * same text has the same fingerprint.
 *
 * @param {string} root
 * @param {readonly string[]} files relative to root
 * @param {readonly string[]} [extra] what else the step depends on (a version, a flag)
 * @returns {string}
 */
export function fingerprint(root, files, extra = []) {
  const hash = createHash('sha256');
  for (const word of extra) hash.update(`${word.length}:${word}\n`);
  for (const file of files) {
    const content = readFileSync(join(root, file));
    hash.update(`${file.length}:${file}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/**
 * One step's stamp file.
 *
 * @param {string} path    absolute path of the stamp
 * @param {readonly string[]} outputs absolute paths that must exist for the step to be fresh
 */
export function stampAt(path, outputs) {
  return {
    /** @param {string} expected fingerprint of the inputs as they are now */
    isFresh(expected) {
      try {
        return readFileSync(path, 'utf8').trim() === expected && outputs.every((output) => existsSync(output));
      } catch {
        return false;
      }
    },
    remove() {
      rmSync(path, { force: true });
    },
    /** @param {string} value */
    write(value) {
      mkdirSync(dirname(path), { recursive: true });
      const temporary = `${path}.${process.pid}`;
      writeFileSync(temporary, `${value}\n`);
      renameSync(temporary, path);
    },
  };
}
