import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BenchError } from './errors.js';
import type { Instrument, Measurement, Round } from './instrument.js';
import { packageRoot } from './paths.js';

export interface ProgramOptions {
  /** Added to the environment. */
  readonly env?: Record<string, string>;
  readonly args?: readonly string[];
  /** A program that does not answer for so long hangs, and is killed. */
  readonly deadlineMs?: number;
  /** Stops the program while it has nothing to do, so that threads of its that spin do not disturb other programs. */
  readonly stopped?: boolean;
}

/**
 * Starts build/bench/NAME_bench.
 *
 * @throws BenchError when it has not been built or does not start
 */
export async function openNativeProgram(name: string, options?: ProgramOptions): Promise<Instrument> {
  const path = join(packageRoot(), 'build/bench', `${name}_bench`);
  if (!existsSync(path)) throw new BenchError(`${path} does not exist; build it with: npm run bench -- ${name}`);
  return openProgram([path, ...(options?.args ?? [])], options);
}

/**
 * Starts a program that runs and times its contenders itself; see native/benchmarking/protocol.h for the lines that go
 * back and forth.
 *
 * The program gets a session of its own. Where the kernel schedules by session (autogroup), its group is then put
 * before all others if we may do so, which keeps other work on the machine out of the numbers.
 *
 * @param command the program and its arguments
 * @throws BenchError when it does not start
 */
export async function openProgram(command: readonly string[], options: ProgramOptions = {}): Promise<Instrument> {
  const { env, deadlineMs = 60_000, stopped = false } = options;
  const [path, ...args] = command as [string, ...string[]];
  const child = spawn(path, args, { env: { ...process.env, ...env }, detached: true, stdio: 'pipe' });
  const priority = raise(child.pid);
  const program = new NativeProgram(child, path, deadlineMs, stopped);
  const { facts, measurements } = await program.describe();
  return {
    facts: { ...facts, priority },
    measurements,
    async round(measurement: Measurement, rotation: number) {
      return (await program.ask(`round ${measurement.name} ${rotation}`)) as Round;
    },
    close: () => program.close(),
  };
}

/** Puts the autogroup of a session leader before all others. Returns what came of it. */
function raise(pid: number | undefined): string {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, '-20');
    return 'raised';
  } catch {
    return 'normal';
  }
}

interface Pending {
  resolve(line: string): void;
  reject(error: Error): void;
}

class NativeProgram {
  #pending: Pending | undefined;
  #errors = '';
  #failure: Error | undefined;
  readonly #ended: Promise<void>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #deadlineMs: number;
  readonly #stopped: boolean;
  readonly #kill = () => this.#child.kill('SIGKILL');

  constructor(child: ChildProcessWithoutNullStreams, path: string, deadlineMs: number, stopped: boolean) {
    this.#child = child;
    this.#stopped = stopped;
    this.#deadlineMs = deadlineMs;
    process.once('exit', this.#kill);
    createInterface({ input: child.stdout }).on('line', (line) => this.#settle((pending) => pending.resolve(line)));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#errors = (this.#errors + chunk).slice(-4000);
    });
    child.stdin.on('error', () => {}); // Its end is reported by 'close'.
    this.#ended = new Promise((resolve) => {
      child.on('error', (cause) => this.#fail(new BenchError(`${path} cannot be started.`, { cause })));
      child.on('close', (code, signal) => {
        this.#fail(new BenchError(`${path} ended with ${signal ?? `exit code ${code}`}.\n${this.#errors}`.trimEnd()));
        resolve();
      });
    });
  }

  async describe() {
    try {
      return (await this.ask('describe')) as Pick<Instrument, 'facts' | 'measurements'>;
    } catch (error) {
      this.#kill();
      throw error;
    }
  }

  async ask(command: string): Promise<unknown> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#stopped) this.#child.kill('SIGCONT');
    const line = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#fail(
          new BenchError(`The bench program did not answer "${command}" within ${this.#deadlineMs / 1000} s.`),
        );
        this.#kill();
      }, this.#deadlineMs);
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          settle(value);
        };
      this.#pending = { resolve: settled(resolve), reject: settled(reject) };
      this.#child.stdin.write(`${command}\n`);
    });
    if (this.#stopped) this.#child.kill('SIGSTOP');
    const answer = parsed(line, command);
    if (answer.error !== undefined) throw new BenchError(`The bench program answered "${command}": ${answer.error}`);
    return answer;
  }

  async close(): Promise<void> {
    this.#child.stdin.end();
    if (this.#stopped) this.#child.kill('SIGCONT');
    const timer = setTimeout(this.#kill, 2000);
    await this.#ended;
    clearTimeout(timer);
    process.off('exit', this.#kill);
  }

  #fail(error: Error) {
    this.#failure ??= error;
    this.#settle((pending) => pending.reject(this.#failure!));
  }

  #settle(action: (pending: Pending) => void) {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined) action(pending);
  }
}

function parsed(line: string, command: string): { error?: string } {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new BenchError(`The bench program answered "${command}" with something that is not JSON: ${line}`, { cause });
  }
}
