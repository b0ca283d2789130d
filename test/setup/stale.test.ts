import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fingerprint, listFiles, stampAt } from '../../scripts/setup/stale.mjs';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'harts-stale-'));
  mkdirSync(join(root, 'native/lithe'), { recursive: true });
  writeFileSync(join(root, 'native/lithe/hart.cc'), 'int hart;\n');
  writeFileSync(join(root, 'native/lithe/park.cc'), 'int park;\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const now = (extra: readonly string[] = []) => fingerprint(root, listFiles(root, ['native', 'binding.gyp']), extra);

describe('fingerprint', () => {
  test('is_the_same_for_the_same_text_whatever_its_time', () => {
    const before = now();
    utimesSync(join(root, 'native/lithe/hart.cc'), 1, 1);
    expect(now()).toBe(before);
  });

  test.each<[string, () => void]>([
    ['an edit', () => writeFileSync(join(root, 'native/lithe/hart.cc'), 'int hart2;\n')],
    ['a new file', () => writeFileSync(join(root, 'native/lithe/sched.cc'), '')],
    ['a file gone', () => rmSync(join(root, 'native/lithe/park.cc'))],
    [
      'text moved from one file to the next',
      () => {
        writeFileSync(join(root, 'native/lithe/hart.cc'), '');
        writeFileSync(join(root, 'native/lithe/park.cc'), 'int hart;\nint park;\n');
      },
    ],
    ['a path that appears', () => writeFileSync(join(root, 'binding.gyp'), '{}')],
  ])('changes_with_%s', (_what, change) => {
    const before = now();
    change();
    expect(now()).not.toBe(before);
  });

  test('tells_its_extra_words_apart', () => {
    expect(now(['ab', 'c'])).not.toBe(now(['a', 'bc']));
  });
});

describe('stamp', () => {
  const stamp = () => stampAt(join(root, 'build/.stamp'), [join(root, 'build/liblithe.so.1')]);
  const build = () => {
    mkdirSync(join(root, 'build'), { recursive: true });
    writeFileSync(join(root, 'build/liblithe.so.1'), '');
  };

  test('is_stale_before_the_first_build', () => {
    build();
    expect(stamp().isFresh(now())).toBe(false);
  });

  test('is_fresh_after_a_build_and_stale_after_an_edit', () => {
    build();
    stamp().write(now());
    expect(stamp().isFresh(now())).toBe(true);
    writeFileSync(join(root, 'native/lithe/hart.cc'), 'changed');
    expect(stamp().isFresh(now())).toBe(false);
  });

  test('is_stale_when_an_output_is_gone', () => {
    build();
    stamp().write(now());
    rmSync(join(root, 'build/liblithe.so.1'));
    expect(stamp().isFresh(now())).toBe(false);
  });

  test('is_stale_after_a_build_that_was_interrupted', () => {
    build();
    stamp().write(now());
    stamp().remove(); // what a build does first; its last act, write, never comes
    expect(stamp().isFresh(now())).toBe(false);
  });
});
