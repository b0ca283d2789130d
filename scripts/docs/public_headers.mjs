import { join } from 'node:path';
import { listFiles } from '../setup/stale.mjs';

/**
 * The headers that are installed, in the order of the reference: the one that includes the others, the C ones, the C++
 * ones.
 *
 * @param {string} root
 * @returns {{ name: string, path: string }[]} as programs include them, and relative to root
 */
export function publicHeaders(root) {
  const directory = 'native/lithe/include';
  const lithe = listFiles(join(root, directory), ['lithe']).filter((file) => /\.(h|hpp)$/.test(file));
  const rank = (/** @type {string} */ name) => (name === 'lithe/lithe.h' ? 0 : name.endsWith('.h') ? 1 : 2);
  lithe.sort((a, b) => rank(a) - rank(b));
  return [
    ...lithe.map((name) => ({ name, path: `${directory}/${name}` })),
    { name: 'harts/fork_join.hpp', path: 'native/schedulers/fork_join/fork_join.hpp' },
  ];
}
