/**
 * Warns, with the code `HARTS_FOREIGN_OPENMP`, that OpenMP code in this process makes threads of its own.
 *
 * @param file the other libgomp, empty when there is none
 */
export function warnOfForeignOpenmp(file: string): void {
  if (file === '') return;
  process.emitWarning(
    `OpenMP code in this process does not run on harts, because ${file} was loaded before. ` +
      "Import 'harts' first, before any package that loads an addon with OpenMP.",
    { type: 'HartsWarning', code: 'HARTS_FOREIGN_OPENMP' },
  );
}
