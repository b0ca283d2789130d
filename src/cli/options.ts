import { parseArgs } from 'node:util';

/** What `harts --help` says. */
export const usage = `Usage: harts run [--report] [--harts N] [--] PROGRAM [ARGUMENT...]

Runs PROGRAM with the OpenMP of harts in place of libgomp.so.1, and ends as it ends.

  --report    afterwards, writes to stderr what the harts have done
  --harts N   at most N harts

Status: that of PROGRAM, or 128 + the signal that ended it; 125 wrong usage, 126 cannot be started, 127 not found.`;

/** What `harts run` was asked to do. */
export interface RunOptions {
  readonly report: boolean;
  /** At most so many harts; undefined: as the environment says. */
  readonly harts: string | undefined;
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * Reads the command line after `harts`. Options end at the first word that is none: all else is the program's.
 *
 * @throws Error with a sentence for the user
 */
export function readRunOptions(args: readonly string[]): RunOptions {
  const [command, ...words] = args;
  if (command !== 'run')
    throw new Error(`${command ? `there is no command "${command}".` : 'say what to do.'}\n${usage}`);
  const options = { report: { type: 'boolean', default: false }, harts: { type: 'string' } } as const;
  const { tokens } = parseArgs({ args: words, options, strict: false, allowPositionals: true, tokens: true });
  const end = tokens.find(({ kind }) => kind !== 'option');
  const split = end?.index ?? words.length;
  const { values } = parseArgs({ args: words.slice(0, split), options });
  if (values.harts !== undefined && !/^[1-9]\d{0,3}$/.test(values.harts)) {
    throw new Error(`--harts ${values.harts} is not a number of harts; use 1 or more.`);
  }
  const [program, ...rest] = words.slice(end?.kind === 'option-terminator' ? split + 1 : split);
  if (program === undefined) throw new Error(`run needs a program.\n${usage}`);
  return { report: values.report, harts: values.harts, program, args: rest };
}
