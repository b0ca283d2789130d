#!/usr/bin/env node
// The command `harts`.
import { launch } from './launch.js';
import { openmpEnvironment } from './openmp_environment.js';
import { readRunOptions, usage } from './options.js';
import { createReport } from './report.js';

/** The status for mistakes of our own, as `env` and `timeout` have it: no program was started. */
const failed = 125;

async function main(args: readonly string[]): Promise<void> {
  if (args[0] === '--help' || args[0] === '-h') {
    console.log(usage);
    return;
  }
  let program: string;
  let rest: readonly string[];
  let env: NodeJS.ProcessEnv;
  let report: ReturnType<typeof createReport> | undefined;
  try {
    const options = readRunOptions(args);
    [program, rest] = [options.program, options.args];
    env = openmpEnvironment(process.env, options.harts);
    if (options.report) report = createReport();
  } catch (error) {
    console.error(`harts: ${error instanceof Error ? error.message : error}`);
    process.exitCode = failed;
    return;
  }
  await launch(program, rest, { ...env, ...report?.env }, () => report?.print(program));
}

await main(process.argv.slice(2));
