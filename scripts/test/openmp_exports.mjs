// What our libgomp.so.1 exports, beside what the system's does: every name that a program may have been linked against.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runChild } from '../setup/child.mjs';
import { buildNative } from './native.mjs';

const minute = 60_000;

/** @param {string} library @returns {Promise<Set<string>>} names with their version nodes, the nodes themselves left out */
async function exportsOf(library) {
  const { output } = await runChild('nm', ['-D', '--defined-only', library], { deadlineMs: minute });
  const lines = output.split('\n').map((line) => line.trim().split(' '));
  const symbols = lines.filter(([, type, name]) => name !== undefined && type !== 'A');
  return new Set(symbols.map(([, , name]) => /** @type {string} */ (name).replace('@@', '@')));
}

/** @type {import('./native.mjs').Run} */
export async function compareExports(context) {
  const { output } = await runChild('gcc', ['-print-file-name=libgomp.so.1'], { deadlineMs: minute });
  const stock = output.trim();
  if (!existsSync(stock)) return { passed: 0, failed: 0, skipped: 'gcc has no libgomp.so.1 to compare with.' };
  const program = await buildNative(context, 'plain', '', 'libraries', 'libgomp.so.1');
  if (program === undefined) return { passed: 0, failed: 1 };
  const ours = await exportsOf(join(context.root, 'build/plain/libgomp.so.1'));
  const theirs = await exportsOf(stock);
  const missing = [...theirs].filter((name) => !ours.has(name));
  for (const name of missing) console.log(`missing: ${name}`);
  console.log(`${theirs.size} symbols in ${stock}, ${missing.length} missing here`);
  return { passed: theirs.size - missing.length, failed: missing.length + (theirs.size === 0 ? 1 : 0) };
}
