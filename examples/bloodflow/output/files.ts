import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BloodflowError } from '../errors.js';

/** A result file: its name within the folder, and its text. */
export interface ResultFile {
  readonly name: string;
  readonly text: string;
}

/** Makes the folder and proves that it can be written, before hours of work depend on it. */
export function prepareFolder(folder: string): void {
  const probe = join(folder, `.bloodflow-${process.pid}.tmp`);
  try {
    makeFolder(folder);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (cause) {
    throw unwritable(folder, cause);
  }
}

/** One level after the other: a recursive mkdir of Node never returns where mkdir fails below an existing folder (/proc). */
function makeFolder(folder: string): void {
  if (!existsSync(folder)) {
    if (dirname(folder) !== folder) {
      makeFolder(dirname(folder));
    }
    mkdirSync(folder);
  }
}

/**
 * Writes all files or none: each under a temporary name first, then all are renamed. A crash in between leaves temporary
 * names (`.NAME.PID.tmp`), never half a file under its final name.
 */
export function writeResults(folder: string, files: readonly ResultFile[]): string[] {
  const pairs = files.map(({ name, text }) => ({
    text,
    temporary: join(folder, `.${name}.${process.pid}.tmp`),
    final: join(folder, name),
  }));
  try {
    for (const { temporary, text } of pairs) {
      writeFileSync(temporary, text);
    }
    for (const { temporary, final } of pairs) {
      renameSync(temporary, final);
    }
  } catch (cause) {
    throw unwritable(folder, cause);
  } finally {
    for (const { temporary } of pairs) {
      rmSync(temporary, { force: true });
    }
  }
  return pairs.map(({ final }) => final);
}

function unwritable(folder: string, cause: unknown): BloodflowError {
  const reason = (cause as Error).message;
  return new BloodflowError(
    'OUTPUT',
    `cannot write results to ${folder}: ${reason}.`,
    'Choose another folder with --out.',
    { cause },
  );
}
