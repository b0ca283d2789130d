// The command lines of the scripts that run a part of the tests.
import { parseArgs } from 'node:util';
import { SetupFailure } from '../setup/setup_error.mjs';

/**
 * @template {NonNullable<import('node:util').ParseArgsConfig['options']>} Options
 * @param {Options} options
 * @throws {SetupFailure} that names what is wrong
 */
export function commandLine(options) {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new SetupFailure(/** @type {Error} */ (error).message);
  }
}
