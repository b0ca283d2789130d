import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A place for the reports of a program and its children. Not stderr at once: a program may close that, and only a file
 * tells that there was no report.
 */
export function createReport() {
  const directory = mkdtempSync(join(tmpdir(), 'harts-report-'));
  const file = join(directory, 'report');
  return {
    /** What the program must have in its environment. */
    env: { HARTS_REPORT: file } as NodeJS.ProcessEnv,
    /** Writes to stderr what there is, or why there may be nothing. */
    print(program: string): void {
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      rmSync(directory, { recursive: true, force: true });
      process.stderr.write(
        text ||
          `harts: no report: ${program} did not load the libgomp.so.1 of harts, or did not end by exit. It may not use OpenMP ` +
            'by libgomp.so.1, or have an RPATH to another one (then LD_PRELOAD helps).\n',
      );
    },
  };
}
