import { existsSync, mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { nativeSources } from '../native_sources.mjs';
import { runChild, tail } from './child.mjs';
import { nodeGyp } from './npm_packages.mjs';
import { architecture } from './platform.mjs';
import { SetupFailure } from './setup_error.mjs';
import { fingerprint, listFiles, stampAt } from './stale.mjs';

const outputs = ['liblithe.so.1', 'libgomp.so.1', 'harts.node'];

/** @param {string} root */
function nativeStep(root) {
  const onlyForTests = /_(test|bench)\.cc$|\/(testing|benchmarking|programs|examples|packaging)\/|\/Makefile$|\.mk$/;
  const files = listFiles(root, ['native', 'binding.gyp']).filter((file) => !onlyForTests.test(file));
  const { CC = '', CXX = '', CFLAGS = '', CXXFLAGS = '', LDFLAGS = '' } = process.env;
  return {
    wanted: fingerprint(root, files, [process.arch, CC, CXX, CFLAGS, CXXFLAGS, LDFLAGS]),
    stamp: stampAt(
      join(root, 'build/Release/.harts-stamp'),
      outputs.map((name) => join(root, 'build/Release', name)),
    ),
  };
}

/** @param {string} root */
export function nativeBuildIsFresh(root) {
  const { wanted, stamp } = nativeStep(root);
  return stamp.isFresh(wanted);
}

/**
 * Builds build/Release/{liblithe.so.1, libgomp.so.1, harts.node} with npm's node-gyp, unless they are fresh. Only what
 * changed is compiled again.
 *
 * @param {string} root
 * @param {import('./progress.mjs').Progress} progress
 */
export async function ensureNativeBuild(root, progress) {
  const { wanted, stamp } = nativeStep(root);
  if (stamp.isFresh(wanted)) return;
  stamp.remove();
  mkdirSync(join(root, 'build'), { recursive: true });
  const lists = nativeSources(root);
  const total = [
    'lithe_sources',
    `switch_${architecture()}_sources`,
    'openmp_sources',
    'addon_sources',
    'fork_join_sources',
  ]
    .map((name) => lists[name]?.length ?? 0)
    .reduce((sum, length) => sum + length, 0);
  progress.say(`native build: ${total} files`);

  let compiled = 0;
  const args = [nodeGyp(), 'configure', 'build', '--jobs', String(availableParallelism()), ...headersOption()];
  const { code, output } = await runChild(process.execPath, args, {
    cwd: root,
    deadlineMs: 1_800_000,
    onLine(line) {
      if (/^\s+C(C|XX)\(target\)/.test(line)) compiled += 1;
      progress.sayRarely(`native build: ${compiled} of ${total} files`);
    },
  });
  if (code !== 0) throw new SetupFailure(`The native build failed:\n${tail(output)}`);
  stamp.write(wanted);
  progress.say('native build: done');
}

/**
 * The headers that came with this Node, when they did: node-gyp would otherwise download them.
 *
 * @returns {string[]}
 */
function headersOption() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
}

/**
 * Builds a flavour of the native core for tests or benches through native/Makefile, which knows what is stale.
 *
 * @param {string} root
 * @param {string} flavour directory under build/
 * @param {readonly string[]} targets and variables for make
 * @param {import('./progress.mjs').Progress} progress
 */
export async function makeNative(root, flavour, targets, progress) {
  let built = 0;
  const args = ['-C', 'native', '-j', String(availableParallelism()), `OUT=../build/${flavour}`, ...targets];
  const result = await runChild('make', args, {
    cwd: root,
    deadlineMs: 1_800_000,
    onLine(line) {
      if (!/^ {2}(CXX|CC|AS) /.test(line)) return;
      built += 1;
      progress.sayRarely(`native ${flavour} build: ${built} files`);
    },
  });
  if (result.code !== 0) throw new SetupFailure(`The native ${flavour} build failed:\n${tail(result.output)}`);
}
