// npm run lint: checks the style of all sources; npm run format (lint.mjs --write) repairs it.
import { join } from 'node:path';
import { runChild } from './setup/child.mjs';
import { root } from './setup/setup.mjs';
import { clangFormat } from './test/clang_format.mjs';

const write = process.argv.includes('--write');
const biome = [join(root, 'node_modules/@biomejs/biome/bin/biome'), 'check', ...(write ? ['--write'] : []), '.'];
const { code } = await runChild(process.execPath, biome, { cwd: root, echo: true });
const native = await clangFormat(root, write);
if ('skipped' in native) console.log(`native sources skipped: ${native.skipped}`);
if (code !== 0 || ('code' in native && native.code !== 0)) process.exitCode = 1;
