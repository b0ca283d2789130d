import { runChild } from '../setup/child.mjs';
import { listFiles } from '../setup/stale.mjs';

// clang-format's output differs from one major version to the next, so the project pins the one its sources follow:
// that of Debian 12.
const version = '14';

/**
 * Checks (or with `write` rewrites) the format of the C and C++ sources.
 *
 * @param {string} root
 * @param {boolean} write
 * @returns {Promise<{ skipped: string } | { code: number | null }>}
 */
export async function clangFormat(root, write) {
  const program = await findClangFormat();
  if ('skipped' in program) return program;
  const files = listFiles(root, ['native']).filter((file) => /\.(c|cc|h|hpp)$/.test(file));
  const mode = write ? ['-i'] : ['--dry-run', '-Werror'];
  const { code, output } = await runChild(program.command, [...mode, ...files], {
    cwd: root,
    deadlineMs: 120_000,
    keep: 16 * 1024 * 1024,
  });
  const wrong = new Set(
    [...output.matchAll(/^(\S+?):\d+:\d+: error: code should be clang-formatted/gm)].map(([, file]) => file),
  );
  if (wrong.size > 0) console.log(`clang-format: \`npm run format\` would change\n  ${[...wrong].join('\n  ')}`);
  else if (code !== 0) console.log(output);
  return { code };
}

/** @returns {Promise<{ command: string } | { skipped: string }>} */
async function findClangFormat() {
  let found = 'clang-format is not installed';
  for (const command of [`clang-format-${version}`, 'clang-format']) {
    const { code, output } = await runChild(command, ['--version'], { deadlineMs: 20_000 });
    if (code !== 0) continue;
    const major = /version (\d+)\./.exec(output)?.[1];
    if (major === version) return { command };
    found = `clang-format is version ${major ?? '?'}, and the sources follow version ${version}`;
  }
  return { skipped: found };
}
