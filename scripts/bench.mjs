// npm run bench -- NAME [--check] [--json FILE] [--chart FILE] [--rounds N]: sets the checkout up, builds the native
// benches and runs the harness.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeNative } from './setup/native_build.mjs';
import { createProgress } from './setup/progress.mjs';
import { root, setUp } from './setup/setup.mjs';
import { runScript } from './setup/setup_error.mjs';

await runScript(async () => {
  const progress = createProgress();
  await setUp('bench', progress);
  await makeNative(root, 'bench', ['benches'], progress);
  const main = join(root, 'dist/bench/main.js');
  process.argv = [process.execPath, main, ...process.argv.slice(2)];
  await import(pathToFileURL(main).href);
});
