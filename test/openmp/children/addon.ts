// Loads harts and the addon argv[3]; argv[2] says which first. Prints what it found.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [, , first, file] = process.argv;
const warnings: unknown[] = [];
process.on('warning', (warning) => {
  warnings.push({ code: (warning as { code?: string }).code, message: warning.message });
});
const load = () => createRequire(import.meta.url)(file!) as number;

let threads = first === 'addon' ? load() : 0;
const { runtime } = await import('../../../src/index.js');
if (first === 'harts') threads = load();
await new Promise(setImmediate);
const { schedulersEntered } = runtime.stats();
const maps = [...new Set(readFileSync('/proc/self/maps', 'utf8').match(/\/\S*libgomp\S*/g))];
console.log(JSON.stringify({ threads, schedulersEntered, foreign: runtime.topology().foreignOpenmp, maps, warnings }));
