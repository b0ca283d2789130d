import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { publicHeaders } from '../../scripts/docs/public_headers.mjs';
import { output, root, temporaryDirectory } from './support.js';

const headers = publicHeaders(root);
const include = ['-I', join(root, 'native/lithe/include'), '-I', join(root, 'native')];
const strict = ['-Wall', '-Wextra', '-Werror', '-pedantic', '-fsyntax-only'];
const dialects = {
  C11: ['gcc', '-std=c11', '-Wstrict-prototypes', '-x', 'c'],
  'C++20': ['g++', '-std=c++20', '-x', 'c++'],
} as const;
const directory = temporaryDirectory();

test('there_are_headers_of_both_languages', () => {
  expect(headers.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['lithe/lithe.h', 'lithe/lithe.hpp', 'harts/fork_join.hpp']),
  );
});

// All headers of a dialect in one run of the compiler, each as a translation unit of its own.
test.each(Object.entries(dialects))('every_header_compiles_alone_and_twice_as_%s', (dialect, [compiler, ...flags]) => {
  const units = headers
    .filter(({ name }) => dialect !== 'C11' || name.endsWith('.h'))
    .map(({ path }, index) => ({ path: join(directory, `${dialect}-${index}.c`), text: twice(path) }));
  for (const { path, text } of units) writeFileSync(path, text);
  output(compiler, [...flags, ...strict, ...include, ...units.map(({ path }) => path)]);
});

function twice(path: string) {
  const line = `#include "${join(root, path)}"\n`;
  return `${line}${line}int this_unit_is_not_empty;\n`;
}
