import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SetupFailure } from './setup_error.mjs';

/** Node's name of an architecture to the one in native/lithe/src/switch_<arch>.S. @type {Record<string, string>} */
const assemblyNames = { x64: 'x86_64', arm64: 'aarch64', riscv64: 'riscv64', ppc64: 'ppc64le', s390x: 's390x' };

/**
 * The architecture as compilers name it.
 *
 * @param {string} [arch] as Node names it
 */
export function architecture(arch = process.arch) {
  return assemblyNames[arch] ?? arch;
}

/**
 * Refuses a machine that the native core has not been written for, in one sentence.
 *
 * @param {string} root
 * @param {string} platform
 * @param {string} arch
 * @throws {SetupFailure}
 */
export function checkPlatform(root, platform = process.platform, arch = process.arch) {
  if (platform !== 'linux') {
    throw new SetupFailure(
      `harts runs on Linux only, and this is ${platform}; use a Linux machine, container or WSL 2.`,
    );
  }
  const directory = join(root, 'native/lithe/src');
  const name = architecture(arch);
  if (existsSync(join(directory, `switch_${name}.S`))) return;
  const supported = readdirSync(directory)
    .map((file) => /^switch_(.+)\.S$/.exec(file)?.[1])
    .filter((found) => found !== undefined);
  throw new SetupFailure(
    `harts has no context switch for ${name} processors yet; it runs on ${supported.join(', ') || 'none'} (see "Limits" in README.md).`,
  );
}
