// The one list of native sources, native/sources.gypi, for everything that is not gyp:
//   node scripts/native_sources.mjs lithe_sources     prints the paths of one list, relative to the repository root
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const repository = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Reads native/sources.gypi: strict JSON that gyp accepts too.
 *
 * @param {string} [root] the repository root
 * @returns {Record<string, string[]>} list name to paths relative to the root
 */
export function nativeSources(root = repository) {
  const path = join(root, 'native/sources.gypi');
  const lists = JSON.parse(readFileSync(path, 'utf8')).variables;
  for (const [name, list] of Object.entries(lists)) {
    if (!Array.isArray(list) || !list.every((entry) => typeof entry === 'string')) {
      throw new Error(`${path}: "${name}" is not a list of paths; write it as ["native/...", ...].`);
    }
  }
  return lists;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const lists = nativeSources();
  for (const name of process.argv.slice(2)) {
    const list = lists[name];
    if (list === undefined) {
      console.error(`native/sources.gypi has no list "${name}"; it has ${Object.keys(lists).join(', ')}.`);
      process.exit(1);
    }
    console.log(list.join(' '));
  }
}
