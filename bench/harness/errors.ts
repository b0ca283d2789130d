import { HartsError } from '../../src/errors.js';

/** The command line of the benches is wrong; the process exits with 2. */
export class BenchUsageError extends HartsError {
  constructor(message: string) {
    super('ERR_HARTS_BENCH_USAGE', message);
  }
}

/** A benchmark cannot run or broke off; the process exits with 1. */
export class BenchError extends HartsError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_HARTS_BENCH', message, options);
  }
}
