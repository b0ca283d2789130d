// npm run docs, second half: the reference of the C and C++ interface from the comments in its headers.
//   node scripts/docs/c_reference.mjs [--out FILE] [HEADER...]     docs/api/c/index.html, of the public headers
// Exit code 1, and no page, when something public has no comment; each such name is listed.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readHeader, undocumented } from './c_header.mjs';
import { referencePage } from './c_page.mjs';
import { publicHeaders } from './public_headers.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: 'string' } } });
const files =
  positionals.length > 0 ? positionals.map((path) => ({ name: basename(path), path })) : publicHeaders(root);
const headers = files.map(({ name, path }) =>
  readHeader(name, readFileSync(positionals.length > 0 ? path : join(root, path), 'utf8')),
);

const missing = undocumented(headers);
if (missing.length > 0) {
  const lines = missing.map(({ header, line, name, kind }) => `  ${header}:${line}  ${name} (${kind})`);
  console.error(`These have no comment in their header; write one right before each:\n${lines.join('\n')}`);
  process.exitCode = 1;
} else {
  const out = values.out ?? join(root, 'docs/api/c/index.html');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, referencePage(headers, `liblithe ${version}: C and C++`));
  console.log(`${headers.length} headers: ${out}`);
}
