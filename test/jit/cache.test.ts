import { spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ObjectCache, openCache, sha256, wantedDirectory } from '../../src/jit/cache.js';
import { kernel } from '../../src/jit/kernel.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'harts-cache-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const KEY = sha256('some kernel');
const write = (content: string) => (path: string) => writeFileSync(path, content);

function cacheWith(content: string): { cache: ObjectCache; object: string; refusals: string[]; find: () => unknown } {
  const cache = openCache(join(root, 'private'));
  const { path } = cache.store(KEY, { returns: 'number' }, write(content));
  const refusals: string[] = [];
  return { cache, object: path, refusals, find: () => cache.find(KEY, (why) => refusals.push(why)) };
}

describe('the object cache', () => {
  it('finds_what_it_stored_and_leaves_no_temporary_files', () => {
    const { cache, object, refusals, find } = cacheWith('code');
    expect(find()).toEqual({ path: object, facts: { returns: 'number' } });
    expect(refusals).toEqual([]);
    expect(readdirSync(cache.directory).filter((f) => f.startsWith('.'))).toEqual([]);
    expect(statSync(cache.directory).mode & 0o777).toBe(0o700);
    expect(cache.find(sha256('another'), () => expect.fail('refused'))).toBeUndefined();
  });

  it('refuses_a_tampered_object', () => {
    const { object, refusals, find } = cacheWith('code');
    appendFileSync(object, 'evil');
    expect(find()).toBeUndefined();
    expect(refusals).toEqual([`the object ${object} does not match its manifest`]);
  });

  it('refuses_an_object_that_others_can_write', () => {
    const { object, refusals, find } = cacheWith('code');
    chmodSync(object, 0o666);
    expect(find()).toBeUndefined();
    expect(refusals[0]).toMatch(/can be written by other users/);
  });

  it('refuses_symbolic_links_to_objects_and_manifests', () => {
    const { cache, object, refusals, find } = cacheWith('code');
    renameSync(object, join(root, 'elsewhere'));
    symlinkSync(join(root, 'elsewhere'), object);
    expect(find()).toBeUndefined();
    const manifest = join(cache.directory, `${KEY}.json`);
    renameSync(manifest, join(root, 'manifest'));
    symlinkSync(join(root, 'manifest'), manifest);
    expect(find()).toBeUndefined();
    expect(refusals).toEqual([
      `the object ${object} is a symbolic link`,
      `the manifest ${manifest} is a symbolic link`,
    ]);
  });

  it('refuses_a_manifest_of_another_key_or_of_another_file', () => {
    const { cache, refusals, find } = cacheWith('code');
    const path = join(cache.directory, `${KEY}.json`);
    const manifest = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...manifest, key: sha256('x') }));
    expect(find()).toBeUndefined();
    writeFileSync(path, JSON.stringify({ ...manifest, object: '../../somewhere.so' }));
    expect(find()).toBeUndefined();
    writeFileSync(path, 'not json');
    expect(find()).toBeUndefined();
    expect(refusals).toHaveLength(3);
  });

  it('leaves_nothing_behind_when_building_fails', () => {
    const cache = openCache(join(root, 'private'));
    expect(() =>
      cache.store(KEY, {}, () => {
        throw new Error('no compiler');
      }),
    ).toThrow('no compiler');
    expect(readdirSync(cache.directory)).toEqual([]);
  });

  it.each<[string, RegExp, (dir: string) => void]>([
    [
      'is_open_to_others',
      /has mode 755, but must be private/,
      (dir) => {
        mkdirSync(dir);
        chmodSync(dir, 0o755);
      },
    ],
    [
      'is_a_link',
      /is a symbolic link/,
      (dir) => {
        mkdirSync(`${dir}-real`, { mode: 0o700 });
        symlinkSync(`${dir}-real`, dir);
      },
    ],
    ['is_a_file', /cannot be used \(EEXIST\)/, (dir) => writeFileSync(dir, '')],
    [
      'cannot_be_made',
      /cannot be used \(ENOTDIR\)/,
      (dir) => {
        writeFileSync(join(dir, '..', 'file'), '');
      },
    ],
  ])('uses_a_private_temporary_directory_when_the_wanted_one_%s', (name, message, prepare) => {
    const wanted = name === 'cannot_be_made' ? join(root, 'file', 'cache') : join(root, 'cache');
    prepare(name === 'cannot_be_made' ? join(root, 'cache') : wanted);
    const cache = openCache(wanted);
    expect(cache.notes[0]).toMatch(message);
    expect(cache.directory).not.toBe(wanted);
    expect(statSync(cache.directory).mode & 0o777).toBe(0o700);
    expect(openCache(wanted).directory).toBe(cache.directory);
  });

  it('looks_for_its_directory_in_options_then_environment_then_the_user_cache', () => {
    expect(wantedDirectory('/a', { HARTS_CACHE: '/b' })).toBe('/a');
    expect(wantedDirectory(undefined, { HARTS_CACHE: '/b', XDG_CACHE_HOME: '/c' })).toBe('/b');
    expect(wantedDirectory(undefined, { XDG_CACHE_HOME: '/c' })).toBe('/c/harts');
    expect(wantedDirectory(undefined, {})).toMatch(/\.cache\/harts$/);
  });

  it('serves_several_processes_at_once', { timeout: 30_000 }, async () => {
    const directory = join(root, 'shared');
    const module = ts.transpileModule(readFileSync(new URL('../../src/jit/cache.ts', import.meta.url), 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    writeFileSync(join(root, 'cache.mjs'), module.outputText);
    writeFileSync(
      join(root, 'child.mjs'),
      `import { readFileSync, writeFileSync } from 'node:fs';
      import { openCache, sha256 } from './cache.mjs';
      const cache = openCache(process.argv[2]);
      const key = sha256('contended');
      for (let k = 0; k < 60; k++) {
        cache.store(key, { by: process.pid, k }, (path) => writeFileSync(path, 'object of ' + process.pid + ' ' + k));
        const found = cache.find(key, (why) => { throw new Error(why); });
        const text = readFileSync(found.path, 'utf8');
        if (text !== 'object of ' + found.facts.by + ' ' + found.facts.k) throw new Error('mixed: ' + text);
      }
      process.stdout.write('ok');`,
    );
    const children = [1, 2, 3].map(() => {
      const child = spawn(process.execPath, [join(root, 'child.mjs'), directory], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      child.stdout.on('data', (d) => {
        output += d;
      });
      child.stderr.on('data', (d) => {
        output += d;
      });
      return new Promise<string>((resolve) => child.on('close', () => resolve(output)));
    });
    expect(await Promise.all(children)).toEqual(['ok', 'ok', 'ok']);
  });
});

describe('a kernel with a cache on disk', () => {
  const make = (cacheDir: string) => kernel((x: number) => x * 3 + 0.125, { cacheDir, name: 'cached', strict: true });

  it('compiles_once_and_then_loads', () => {
    const directory = join(root, 'first');
    const a = make(directory);
    expect(a(1)).toBe(3.125);
    expect(a.explain()).toMatchObject({ status: 'native', cache: 'compiled', reasons: [] });
    expect(a.explain().compileMs).toBeGreaterThan(0);
    const b = make(directory);
    b(1);
    expect(b.explain().cache).toBe('memory');
    renameSync(directory, join(root, 'second'));
    const c = make(join(root, 'second'));
    expect(c(2)).toBe(6.125);
    expect(c.explain()).toMatchObject({ status: 'native', cache: 'disk', compileMs: undefined });
  });

  it('compiles_again_when_the_object_was_tampered_with_and_says_so', () => {
    make(join(root, 'first'))(1);
    renameSync(join(root, 'first'), join(root, 'second'));
    const object = readdirSync(join(root, 'second')).find((f) => f.endsWith('.so')) as string;
    appendFileSync(join(root, 'second', object), 'x');
    const again = make(join(root, 'second'));
    expect(again(1)).toBe(3.125);
    const { status, cache, reasons } = again.explain();
    expect({ status, cache }).toEqual({ status: 'native', cache: 'compiled' });
    expect(reasons[0]).toMatchObject({
      phase: 'cache',
      message: expect.stringMatching(/does not match its manifest; it was compiled again/),
    });
  });

  it('runs_natively_with_a_note_when_the_directory_cannot_be_used', () => {
    writeFileSync(join(root, 'file'), '');
    const k = make(join(root, 'file', 'cache'));
    expect(k(1)).toBe(3.125);
    const { status, reasons } = k.explain();
    expect(status).toBe('native');
    expect(reasons[0]?.message).toMatch(
      /cannot be used \(ENOTDIR\); compiled objects are kept in a private temporary directory/,
    );
  });

  it('makes_different_objects_for_different_code_and_constants', () => {
    const directory = join(root, 'many');
    const count = () => readdirSync(directory).filter((f) => f.endsWith('.so')).length;
    const K = 2;
    kernel((x: number) => x * K, { cacheDir: directory, env: { K: 2 }, strict: true })(1);
    expect(count()).toBe(1);
    expect(kernel((x: number) => x * K, { cacheDir: directory, env: { K: 2.5 }, strict: true })(1)).toBe(2.5);
    expect(count()).toBe(2);
    // biome-ignore format: another layout of the same function
    kernel((x: number) =>
      x   *   K, { cacheDir: directory, env: { K: 2 }, strict: true })(1);
    expect(count()).toBe(2);
  });
});
