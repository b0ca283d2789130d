import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { renderChart } from './harness/chart.js';
import { BenchError, BenchUsageError } from './harness/errors.js';
import type { Benchmark } from './harness/instrument.js';
import { machineState } from './harness/machine.js';
import { machineLine, measurementLines, outcomeLine, type Report, verdict } from './harness/report.js';
import { record } from './harness/rounds.js';
import { summarise } from './harness/summary.js';
import { checkTargets, readTargets, type Target } from './harness/targets.js';

/** Where the command line writes. */
export interface Output {
  /** The results. */
  line(text: string): void;
  /** Errors and progress. */
  note(text: string): void;
}

export interface CliOptions {
  readonly benchmarks: readonly Benchmark[];
  readonly output: Output;
  /** Targets by benchmark; those of bench/targets.json unless given. */
  readonly targetsOf?: (benchmark: string) => readonly Target[];
}

interface Arguments {
  readonly benchmark: Benchmark;
  readonly check: boolean;
  readonly json: string | undefined;
  readonly chart: string | undefined;
  readonly rounds: number;
}

const usage = 'Usage: npm run bench -- NAME [--check] [--json FILE] [--chart FILE] [--rounds N]';

/**
 * Runs one benchmark and prints what it found.
 *
 * @returns the exit code: 0; 1 when the benchmark failed, or missed a target under `--check`; 2 for a wrong command line
 */
export async function runCli(args: readonly string[], options: CliOptions): Promise<number> {
  const { output } = options;
  try {
    const parsed = parse(args, options.benchmarks);
    const report = await run(parsed, options);
    if (parsed.json !== undefined) writeFileSync(parsed.json, `${JSON.stringify(report, undefined, 2)}\n`);
    const { chart, what } = parsed.benchmark;
    if (parsed.chart !== undefined && chart !== undefined) {
      writeFileSync(parsed.chart, renderChart(report, what, chart));
    }
    output.line(report.verdict);
    return parsed.check && report.targets.some(({ status }) => status === 'missed') ? 1 : 0;
  } catch (error) {
    if (!(error instanceof BenchError || error instanceof BenchUsageError)) throw error;
    output.note(error.message);
    return error instanceof BenchUsageError ? 2 : 1;
  }
}

function parse(args: readonly string[], benchmarks: readonly Benchmark[]): Arguments {
  const names = benchmarks.map(({ name, what }) => `  ${name.padEnd(16)} ${what}`).join('\n');
  const help = `${usage}\n\nBenchmarks:\n${names}`;
  const { values, positionals } = parseOptions(args, help);
  const [name, ...more] = positionals;
  if (name === undefined) throw new BenchUsageError(`Which benchmark?\n${help}`);
  if (more.length > 0) throw new BenchUsageError(`One benchmark at a time; "${more[0]}" is one too many.\n${help}`);
  const benchmark = benchmarks.find((candidate) => candidate.name === name);
  if (benchmark === undefined) throw new BenchUsageError(`There is no benchmark "${name}".\n${help}`);
  const rounds = values.rounds === undefined ? benchmark.rounds : Number(values.rounds);
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    throw new BenchUsageError(`--rounds must be a whole number from 1, not "${values.rounds}".\n${help}`);
  }
  if (values.chart !== undefined && benchmark.chart === undefined) {
    const others = benchmarks.filter(({ chart }) => chart !== undefined).map((candidate) => candidate.name);
    throw new BenchUsageError(`"${name}" has no chart; these have: ${others.join(', ') || 'none'}.\n${help}`);
  }
  return { benchmark, check: values.check ?? false, json: values.json, chart: values.chart, rounds };
}

function parseOptions(args: readonly string[], help: string) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        check: { type: 'boolean' },
        json: { type: 'string' },
        chart: { type: 'string' },
        rounds: { type: 'string' },
      },
    });
  } catch (error) {
    throw new BenchUsageError(`${(error as Error).message}\n${help}`);
  }
}

async function run({ benchmark, rounds }: Arguments, { output, targetsOf = readTargets }: CliOptions): Promise<Report> {
  const targets = targetsOf(benchmark.name);
  const machine = machineState();
  const start = performance.now();
  const instrument = await benchmark.open();
  const summaries = [];
  try {
    const progress = every(2000, (done: number, total: number) => output.note(`round ${done} of ${total}`));
    for (const recording of await record(instrument, { rounds, onRound: progress }))
      summaries.push(summarise(recording));
  } finally {
    await instrument.close();
  }
  const outcomes = checkTargets(targets, summaries);
  const report: Report = {
    schema: 'harts-bench-1',
    benchmark: benchmark.name,
    date: new Date().toISOString(),
    seconds: Math.round((performance.now() - start) / 100) / 10,
    machine: { ...machine, loadAfter: loadavg().map((load) => Math.round(load * 100) / 100) },
    facts: instrument.facts,
    measurements: summaries,
    targets: outcomes,
    verdict: verdict(benchmark.name, outcomes),
  };
  output.line(`${benchmark.name}: ${benchmark.what}`);
  output.line(machineLine(report.machine, report.facts));
  output.line('');
  for (const summary of summaries) for (const line of measurementLines(summary)) output.line(line);
  for (const outcome of outcomes) {
    const summary = summaries.find(({ measurement }) => measurement.name === outcome.target.measurement);
    output.line(`target ${outcomeLine(outcome, summary?.measurement.unit ?? '')}`);
  }
  return report;
}

/** `action`, at most once in `ms` milliseconds. */
function every<Args extends unknown[]>(ms: number, action: (...args: Args) => void): (...args: Args) => void {
  let last = performance.now();
  return (...args) => {
    if (performance.now() - last < ms) return;
    last = performance.now();
    action(...args);
  };
}
