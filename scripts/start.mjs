// npm start: sets the checkout up and runs the circle of Willis, or the network named first:
//   npm start -- adan56 --out report
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setUp } from './setup/setup.mjs';
import { runScript } from './setup/setup_error.mjs';

await runScript(async () => {
  await setUp('build');
  const cli = join(root, 'dist/examples/bloodflow/cli.js');
  const given = process.argv.slice(2);
  const network = given[0] === undefined || given[0].startsWith('-') ? ['circle_of_willis'] : [];
  // In this process, not in a child: signals, the terminal and the exit code are then the program's own. (For the same
  // reason package.json says `exec node`: npm's shell would keep a signal to itself.)
  process.argv = [process.execPath, cli, ...network, ...given];
  await import(pathToFileURL(cli).href);
});
