import { constants } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { runtime } from '../../src/index.js';
import { BloodflowError } from './errors.js';
import { type Case, readCase } from './input/case.js';
import { describeEnding } from './output/ending.js';
import { prepareFolder, writeResults } from './output/files.js';
import { Progress } from './output/progress.js';
import { reportFiles } from './output/report_files.js';
import { hartsReport, runtimeReport } from './output/runtime_report.js';
import { renderMassBalance, renderTable } from './output/table.js';
import { findCase, shippedCases } from './paths.js';
import { checkReference, renderReferenceCheck } from './reference.js';
import { Results } from './results.js';
import { type CycleState, RunError, type StopReason, simulate } from './simulate.js';

/** The run failed. */
const EXIT_FAILED = 1;
/** The command line, the case or the output folder is wrong; nothing was computed. */
const EXIT_BAD_INPUT = 2;
/** Shells say 128 plus the number of the signal. */
const EXIT_SIGNAL = 128;
/** A signal that comes again so soon is the same one. */
const REPEATED_MS = 1000;

interface CliOptions {
  readonly out?: string;
  readonly dx?: number;
  readonly cycles?: number;
  readonly tolerance?: number;
  readonly hartsReport?: boolean;
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError('It must be a number greater than 0.');
  }
  return value;
}

function relativeTolerance(text: string): number {
  const value = positive(text);
  if (value >= 0.1) {
    throw new InvalidArgumentError('It is relative and must be less than 0.1.');
  }
  return value;
}

function millimetres(text: string): number {
  const value = positive(text);
  if (value < 1e-3) {
    throw new InvalidArgumentError('It must be at least 0.001 mm.');
  }
  return value;
}

function wholePositive(text: string): number {
  const value = positive(text);
  if (!Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('It must be a whole number greater than 0.');
  }
  return value;
}

function commandLine(): Command {
  return new Command('bloodflow')
    .description('Pulse waves in a network of arteries, in one dimension, until they are periodic.')
    .argument('<case>', `a YAML file, or one of ${shippedCases().join(', ')}`)
    .option('--out <folder>', 'where results go (default: the output_directory of the case, or reports/NAME)')
    .option('--dx <mm>', 'largest cell, in millimetres', millimetres)
    .option('--cycles <n>', 'largest number of cycles', wholePositive)
    .option('--tolerance <x>', 'relative change of pressure between cycles that counts as periodic', relativeTolerance)
    .option('--harts-report', 'say in detail what the runtime did')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text) });
}

/** Runs the program and gives its exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const command = commandLine();
  try {
    command.parse(argv as string[]);
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : EXIT_BAD_INPUT;
    }
    throw error;
  }
  const options = command.opts<CliOptions>();
  const abort = new AbortController();
  let received: NodeJS.Signals | undefined;
  let receivedAt = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    if (received !== undefined) {
      // Under npm one Ctrl-C arrives twice: from the terminal and from npm, which passes it on.
      if (performance.now() - receivedAt < REPEATED_MS) return;
      process.exit(EXIT_SIGNAL + constants.signals[received]);
    }
    received = signal;
    receivedAt = performance.now();
    abort.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    await run(command.args[0]!, options, abort.signal);
    return received === undefined ? 0 : EXIT_SIGNAL + constants.signals[received];
  } catch (error) {
    if (received !== undefined) {
      process.stderr.write(`${received}: stopped, nothing written.\n`);
      return EXIT_SIGNAL + constants.signals[received];
    }
    return fail(error);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function fail(error: unknown): number {
  if (error instanceof RunError) {
    process.stderr.write(`${error.code}: ${error.message}\n`);
    return EXIT_FAILED;
  }
  if (error instanceof BloodflowError) {
    process.stderr.write(`${error.code}: ${error.message}\n`);
    return EXIT_BAD_INPUT;
  }
  const { code, message, stack } = error as NodeJS.ErrnoException;
  process.stderr.write(`${code === undefined ? (stack ?? message) : `${code}: ${message}`}\n`);
  return EXIT_FAILED;
}

async function run(word: string, options: CliOptions, signal: AbortSignal): Promise<void> {
  const { file, shipped } = findCase(word);
  const source = readCase(file, {
    dx: options.dx === undefined ? undefined : options.dx * 1e-3,
    cycles: options.cycles,
    tolerance: options.tolerance,
  });
  const { network } = source;
  for (const warning of source.warnings) {
    process.stderr.write(`warning: ${warning}\n`);
  }
  const folder = resolve(options.out ?? source.outputDirectory ?? join('reports', network.name));
  prepareFolder(folder);
  process.stdout.write(
    `${source.title}: ${network.vessels.length} vessels, cells of at most ${network.solver.dx * 1e3} mm\n`,
  );

  const progress = new Progress(process.stdout, network.solver.tolerance, network.solver.cycles);
  const finish = (state: CycleState, reason: StopReason | RunError) =>
    finishRun({ state, reason, source, shipped, folder, detailed: options.hartsReport ?? false });
  try {
    const result = await simulate(network, {
      signal,
      onCycle: (report) => progress.cycle(report),
      onProgress: (cycle, part) => progress.part(cycle, part),
    });
    finish(result, result.stop);
  } catch (error) {
    progress.clear();
    if (error instanceof RunError && error.finished !== undefined && !signal.aborted) {
      finish(error.finished, error);
    }
    throw error;
  }
}

interface Finish {
  readonly state: CycleState;
  readonly reason: StopReason | RunError;
  readonly source: Case;
  readonly shipped: string | undefined;
  readonly folder: string;
  readonly detailed: boolean;
}

/** Prints the table and the checks, and writes all files. */
function finishRun({ state, reason, source, shipped, folder, detailed }: Finish): void {
  const results = new Results(state);
  const ending = describeEnding(state, reason);
  const check = shipped === undefined ? undefined : checkReference(shipped, results);
  const stats = runtime.stats();
  const runtimeLines = runtimeReport(stats);
  const files = writeResults(folder, reportFiles(results, source, { ending, check, runtime: runtimeLines }));
  const lines = [
    '',
    ending,
    '',
    renderTable(results),
    '',
    renderMassBalance(results),
    check === undefined ? 'reference check: none ships for this case' : renderReferenceCheck(check),
    '',
    ...runtimeLines,
    ...(detailed ? hartsReport(stats) : []),
    `results: ${files
      .filter((path) => !isPage(path))
      .map(shown)
      .join(', ')}`,
    `report: ${files.filter(isPage).map(shown).join(', ')}`,
    '',
  ];
  process.stdout.write(lines.join('\n'));
}

function isPage(path: string): boolean {
  return path.endsWith('.html');
}

/** A path as a person here would write it. */
function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}

process.exitCode = await main(process.argv);
