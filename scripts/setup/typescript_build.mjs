import { join } from 'node:path';
import { runChild, tail } from './child.mjs';
import { SetupFailure } from './setup_error.mjs';
import { fingerprint, listFiles, stampAt } from './stale.mjs';

/** @param {string} root */
function typescriptStep(root) {
  const sources = listFiles(root, ['src', 'specializers', 'examples', 'bench']).filter((file) => /\.m?ts$/.test(file));
  return {
    wanted: fingerprint(root, [...sources, 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json']),
    stamp: stampAt(join(root, 'dist/.harts-stamp'), [join(root, 'dist/src/index.js')]),
  };
}

/** @param {string} root */
export function typescriptBuildIsFresh(root) {
  const { wanted, stamp } = typescriptStep(root);
  return stamp.isFresh(wanted);
}

/**
 * Compiles the TypeScript sources into dist/, unless they are fresh.
 *
 * @param {string} root
 * @param {import('./progress.mjs').Progress} progress
 */
export async function ensureTypescriptBuild(root, progress) {
  const { wanted, stamp } = typescriptStep(root);
  if (stamp.isFresh(wanted)) return;
  progress.say('TypeScript: compiling');
  stamp.remove();
  const args = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--pretty', 'false'];
  const { code, output } = await runChild(process.execPath, args, { cwd: root, deadlineMs: 600_000 });
  if (code !== 0) throw new SetupFailure(`The TypeScript sources do not compile:\n${tail(output)}`);
  stamp.write(wanted);
  progress.say('TypeScript: compiled');
}
