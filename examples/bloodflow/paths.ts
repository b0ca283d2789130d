import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BloodflowError } from './errors.js';
import { suggestion } from './input/suggest.js';

/** The folder of this example in the package: networks and data are read from there, wherever the compiled code is. */
export function exampleFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === 'harts') {
      return join(folder, 'examples', 'bloodflow');
    }
    const parent = dirname(folder);
    if (parent === folder) {
      throw new BloodflowError(
        'FILE',
        'the package harts is not around this program.',
        'Run it from a checkout of harts.',
      );
    }
    folder = parent;
  }
}

/** Names of the cases that ship with the example. */
export function shippedCases(): string[] {
  return readdirSync(join(exampleFolder(), 'networks'))
    .filter((name) => extname(name) === '.yaml')
    .map((name) => name.slice(0, -'.yaml'.length))
    .sort();
}

/** Where a case is, and its name if it ships with the example. */
export interface CaseLocation {
  readonly file: string;
  readonly shipped: string | undefined;
}

/** The YAML file that a word on the command line means: a path, or the name of a shipped case. */
export function findCase(word: string): CaseLocation {
  const cases = shippedCases();
  if (cases.includes(word)) {
    return { file: join(exampleFolder(), 'networks', `${word}.yaml`), shipped: word };
  }
  const file = resolve(word);
  if (existsSync(file)) {
    return { file, shipped: cases.find((name) => file === join(exampleFolder(), 'networks', `${name}.yaml`)) };
  }
  const advice = /[/\\.]/.test(word) ? 'Give the path of a YAML file.' : suggestion(word, cases);
  throw new BloodflowError('FILE', `there is no case and no file '${word}'.`, advice);
}
