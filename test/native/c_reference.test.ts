import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readHeader, undocumented } from '../../scripts/docs/c_header.mjs';
import { output, root, temporaryDirectory } from './support.js';

const directory = temporaryDirectory();
const script = join(root, 'scripts/docs/c_reference.mjs');

/** What `text`, as a header, lacks comments for: `name (kind)`. */
function missing(text: string) {
  return undocumented([readHeader('made_up.h', text)]).map(({ name, kind }) => `${name} (${kind})`);
}

test('the_public_headers_are_documented_and_become_one_page', () => {
  const page = join(directory, 'c/index.html');
  output(process.execPath, [script, '--out', page]);
  const html = readFileSync(page, 'utf8');
  for (const name of ['lithe_sched_enter', 'lithe_sched_funcs_t', 'LITHE_EPERM', 'LITHE_API', 'ForkJoin']) {
    expect(html).toContain(`<b id="${name}">${name}</b>`);
  }
  expect(html).toContain('<h2 id="lithe-sched-h">lithe/sched.h</h2>');
  expect(html).toContain('Leaves the current scheduler, by the context that entered it.');
  const targets = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  const links = [...html.matchAll(/ href="#([^"]+)"/g)].map(([, id]) => id);
  expect(targets).toEqual([...new Set(targets)]);
  expect(links.filter((link) => !targets.includes(link))).toEqual([]);
});

test('a_name_without_a_comment_fails_the_run_and_is_listed', () => {
  const header = join(directory, 'made_up.h');
  const page = join(directory, 'made_up.html');
  writeFileSync(header, '/* Documented. */\nint lithe_good(void);\n\nint lithe_bad(int value);\n');
  const child = spawnSync(process.execPath, [script, '--out', page, header], { encoding: 'utf8' });
  expect(child.status).toBe(1);
  expect(child.stderr).toContain('made_up.h:4  lithe_bad (function)');
  expect(child.stderr).not.toContain('lithe_good');
  expect(existsSync(page)).toBe(false);
});

test.each([
  ['function', 'LITHE_API int f(void (*g)(int), int x);', ['f (function)']],
  ['function_with_a_body', 'static inline int f(int x) { return g(x) + 1; }', ['f (function)']],
  ['function_with_attributes', '__attribute__((noreturn)) void f(void);', ['f (function)']],
  ['structure', 'typedef struct s { int a; void (*call)(int); } s_t;', ['s_t (type)']],
  ['tagged_structure', 'struct s {\n  int a;\n};', ['s (type)']],
  ['function_type', 'typedef int (*callback_t)(void *arg);', ['callback_t (type)']],
  ['short_name_of_an_undocumented_structure', 'typedef struct s s_t;', ['s_t (type)']],
  ['macro', '#define MAXIMUM(a, b) \\\n  ((a) > (b) ? (a) : (b))', ['MAXIMUM (macro)']],
  ['variable', 'extern const int table[2][3];', ['table (variable)']],
  ['constant', '/* An enumeration. */\nenum e {\n  A, /* first */\n  B,\n  C /* third */\n};', ['B (constant)']],
  ['class', 'namespace n {\nclass K : public J {\n public:\n  K(int) {}\n};\n}  // namespace n', ['K (type)']],
  ['alias', 'template <class T>\nusing pair = other<T, T>;', ['pair (type)']],
])('finds_an_undocumented_%s', (_kind, text, names) => {
  expect(missing(`/* Prose about the header. */\n\n${text}\n`)).toEqual(names);
});

test.each([
  ['before', '/* About f. */\nint f(void);'],
  ['on_its_line', 'int f(void); /* about f */'],
  ['before_a_few_that_belong_together', '/* Locks / unlocks. */\nint f(void);\nint g(void);'],
  ['at_the_structure_that_a_typedef_names', 'typedef struct s s_t;\n\n/* About s. */\nstruct s {\n  int a;\n};'],
  [
    'before_each_constant',
    '/* E. */\nenum e {\n  /* About A: 1, 2. */\n  A = 1,\n  /* About B. */\n  B = (2 << 3)\n};',
  ],
  ['before_both_definitions_of_a_macro', '/* M. */\n#ifdef X\n#define M { ;\n#else\n#define M\n#endif'],
])('accepts_a_comment_%s', (_where, text) => {
  expect(missing(text)).toEqual([]);
});

test('asks_for_no_comment_on_guards_announcements_and_assertions', () => {
  expect(
    missing(
      '#ifndef LITHE_X_H\n#define LITHE_X_H\n#include <stddef.h>\nstruct s;\n_Static_assert(sizeof(int) == 4, "; {");\n#endif\n',
    ),
  ).toEqual([]);
});

test('is_not_misled_by_comments_and_strings_that_look_like_code', () => {
  const text = '/* A. */\nstruct a { /* } ; int no(void); */\n  int b;\n};\n\nint f(const char *s /* ";" */);\n';
  expect(missing(text)).toEqual(['f (function)']);
});
