// npm run build: everything that is stale; `build.mjs ts` or `build.mjs native` only that part.
import { createProgress } from './setup/progress.mjs';
import { setUp } from './setup/setup.mjs';
import { runScript, SetupFailure } from './setup/setup_error.mjs';

/** @type {readonly import('./setup/setup.mjs').Part[]} */
const all = ['native', 'ts'];

await runScript(async () => {
  const named = process.argv.slice(2);
  const unknown = named.find((name) => !all.some((part) => part === name));
  if (unknown !== undefined) {
    throw new SetupFailure(
      `Unknown part "${unknown}"; build takes ${all.map((part) => `"${part}"`).join(' or ')}, or nothing for all.`,
    );
  }
  const parts = named.length === 0 ? all : all.filter((part) => named.includes(part));
  await setUp('build', createProgress(), parts);
});
