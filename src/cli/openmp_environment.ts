import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openmpDirectory } from '../native/load.js';

/**
 * The environment in which a program finds our libgomp.so.1 before any other.
 *
 * @param env   what it is made from
 * @param harts the value of `HARTS`; undefined: as in `env`
 * @throws Error when the library has not been built, or lies where the dynamic linker cannot be told to look
 */
export function openmpEnvironment(env: NodeJS.ProcessEnv, harts: string | undefined): NodeJS.ProcessEnv {
  const directory = openmpDirectory();
  if (!existsSync(join(directory, 'libgomp.so.1'))) {
    throw new Error(`there is no libgomp.so.1 in ${directory}. Build it with "npm run build:native" in the package.`);
  }
  if (/[:;$]/.test(directory)) {
    throw new Error(`LD_LIBRARY_PATH cannot name ${directory}: install the package in a path without : ; and $.`);
  }
  const path = env.LD_LIBRARY_PATH ? `${directory}:${env.LD_LIBRARY_PATH}` : directory;
  return { ...env, LD_LIBRARY_PATH: path, ...(harts === undefined ? {} : { HARTS: harts }) };
}
