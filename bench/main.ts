// npm run bench -- NAME [--check] [--json FILE] [--chart FILE] [--rounds N]
import { call } from './call.js';
import { runCli } from './cli.js';
import { context } from './context.js';
import { idle } from './idle.js';
import { monitor } from './monitor.js';
import { offload } from './offload.js';
import { openmp } from './openmp.js';
import { scale } from './scale.js';
import { sync } from './sync.js';

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => process.exit(code)); // A native program is ended on exit.
}

process.exitCode = await runCli(process.argv.slice(2), {
  benchmarks: [context, sync, monitor, idle, offload, scale, openmp, call],
  output: { line: (text) => console.log(text), note: (text) => console.error(text) },
});
