#!/usr/bin/env node
// Runs the blood-flow program from a checkout: node examples/bloodflow/bloodflow.mjs adan56
import { existsSync } from 'node:fs';

const program = new URL('../../dist/examples/bloodflow/cli.js', import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write(
    'The blood-flow program is not built yet. Run `npm start` or `npm run build` in the checkout first.\n',
  );
  process.exitCode = 1;
}
