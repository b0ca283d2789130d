import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { readHeader } from '../../scripts/docs/c_header.mjs';
import { publicHeaders } from '../../scripts/docs/public_headers.mjs';
import { make, output, root } from './support.js';

const declared = publicHeaders(root)
  .flatMap(({ name, path }) => readHeader(name, readFileSync(join(root, path), 'utf8')).groups)
  .flatMap(({ declarations }) => declarations.flatMap(({ names }) => names))
  .filter(({ isExported }) => isExported)
  .map(({ name }) => name)
  .sort();

/** The functions and objects that a shared library exports, with their version nodes. */
function exported(library: string) {
  const lines = output('nm', ['-D', '--defined-only', library]).trim().split('\n');
  const symbols = lines.map((line) => line.split(' ').slice(1) as [type: string, name: string]);
  return symbols.filter(([type]) => type !== 'A'); // the nodes themselves
}

beforeAll(async () => {
  await make('libraries');
}, 600_000);

test('finds_every_mark_in_the_headers', () => {
  const marks = publicHeaders(root).flatMap(({ path }) => {
    const text = readFileSync(join(root, path), 'utf8');
    return text.match(/^LITHE_API /gm) ?? [];
  });
  expect(declared).toHaveLength(marks.length);
  expect(declared).toContain('lithe_sched_enter');
});

// Of what npm installs too: vitest runs in a checkout that is built.
test.each(['build/plain/liblithe.so.1', 'build/Release/liblithe.so.1'])(
  '%s_exports_what_the_headers_declare_and_nothing_else',
  (library) => {
    expect(exported(join(root, library)).map(([, name]) => name)).toEqual(declared.map((name) => `${name}@@LITHE_1`));
  },
);

test('programs_record_the_version_node', () => {
  const needed = output('objdump', ['-p', join(root, 'build/plain/libgomp.so.1')]);
  expect(needed).toMatch(/required from liblithe\.so\.1:\n.*LITHE_1$/m);
});
