import { closeSync, constants, openSync } from 'node:fs';
import { HartsError, TraceError } from '../errors.js';
import { checkOptions, show } from '../jobs/validate.js';
import { native } from '../native/load.js';

/** Options of {@link Trace.start}. */
export interface TraceOptions {
  /**
   * How many events are kept for each hart, rounded up to a power of two; the oldest are overwritten. 48 bytes each.
   * 65536 by default.
   */
  eventsPerHart?: number;
}

/** One event of a trace, in the trace format of Chrome. */
export interface TraceEvent {
  /** B and E: a slice begins and ends; i: a moment; X: a moment outside every hart; s and f: a flow; M: a name. */
  readonly ph: 'B' | 'E' | 'i' | 'X' | 's' | 'f' | 'M';
  readonly pid: number;
  /** The number of the hart + 1; the number of harts + 1 for what no hart causes. */
  readonly tid: number;
  /** Microseconds of CLOCK_MONOTONIC, as `process.hrtime` counts; absent for names. */
  readonly ts?: number;
  /** A slice: the scheduler whose context runs, or `hart_enter` while it decides. Else what happens. */
  readonly name?: string;
  /** The scheduler's name. */
  readonly cat?: string;
  /** `sched` and `context` tell one from another; `end` says why a context left. */
  readonly args?: Readonly<Record<string, string | number>>;
  readonly id?: number;
}

/** A whole trace. */
export interface ChromeTrace {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: 'ns';
  /** `lost`: events that were overwritten because there was no room for them. */
  readonly otherData: { readonly clock: string; readonly harts: number; readonly lost: number };
}

const mostEvents = 2 ** 24;

/**
 * Records what each hart does: which context of which scheduler runs on it, and what is granted, yielded, blocked and
 * woken. While nothing is recorded it costs next to nothing.
 *
 * `HARTS_TRACE=file.json` in the environment does the same for the whole life of a process: it records from the
 * runtime's first use and writes the file when the process exits. It does not when a signal ends the process, or
 * `process.abort`. `%p` in the name becomes the process id; child processes inherit the variable.
 *
 * @example
 * runtime.trace.start();
 * await runtime.run(work);
 * runtime.trace.stop();
 * runtime.trace.write('trace.json'); // open in https://ui.perfetto.dev
 */
export class Trace {
  /** @internal Use {@link Runtime.trace}. */
  constructor(private readonly checkMachine: () => unknown) {}

  /**
   * Starts recording, and forgets what was recorded before.
   *
   * @throws TraceError `ERR_HARTS_TRACE_RUNNING` when it is being recorded already, `ERR_HARTS_TRACE_OPTION` for a
   *   number of events that is none, `ERR_HARTS_TRACE_FAILED` without memory; SetupError as `topology()` does.
   */
  start(options?: TraceOptions): void {
    const { eventsPerHart = 65536 } = checkTraceOptions(options);
    if (!Number.isInteger(eventsPerHart) || eventsPerHart < 1 || eventsPerHart > mostEvents) {
      throw new TraceError(
        'ERR_HARTS_TRACE_OPTION',
        `eventsPerHart of runtime.trace.start is ${show(eventsPerHart)}. Give a whole number from 1 to ${mostEvents}.`,
      );
    }
    this.checkMachine();
    explain(() => native().traceStart(eventsPerHart));
  }

  /** Stops recording; what was recorded stays. Harmless when nothing is being recorded. */
  stop(): void {
    native().traceStop();
  }

  /**
   * What has been recorded so far. Recording may go on.
   *
   * @throws TraceError `ERR_HARTS_TRACE_NONE` when nothing ever was, `ERR_HARTS_TRACE_FAILED` without memory; SetupError
   *   `ERR_HARTS_NATIVE_*` without the native core.
   */
  toJSON(): ChromeTrace {
    return JSON.parse(explain(() => native().traceText())) as ChromeTrace;
  }

  /**
   * Writes what has been recorded so far to a file, which is replaced. Longer traces than {@link toJSON} can hold.
   *
   * @throws TraceError as `toJSON()` does, and `ERR_HARTS_TRACE_WRITE` when the file cannot be written.
   */
  write(path: string): void {
    const binding = native();
    if (typeof path !== 'string' || path === '') {
      throw new TraceError(
        'ERR_HARTS_TRACE_OPTION',
        `The path of runtime.trace.write is ${show(path)}. Give a string.`,
      );
    }
    let file: number;
    try {
      file = openSync(path, constants.O_WRONLY | constants.O_CREAT); // cut by native code, once there is a trace
    } catch (cause) {
      throw new TraceError(
        'ERR_HARTS_TRACE_WRITE',
        `The trace cannot be written to ${path}: ${(cause as Error).message}. Give a path that can be written.`,
        { cause },
      );
    }
    try {
      explain(() => binding.traceWrite(file));
    } finally {
      closeSync(file);
    }
  }
}

function checkTraceOptions(options: unknown): TraceOptions {
  try {
    return checkOptions('runtime.trace.start', options, ['eventsPerHart']);
  } catch (cause) {
    if (!(cause instanceof HartsError)) throw cause;
    throw new TraceError('ERR_HARTS_TRACE_OPTION', cause.message, { cause });
  }
}

const cures: Record<string, string> = {
  ERR_HARTS_TRACE_RUNNING:
    'A trace is being recorded already, by runtime.trace.start or HARTS_TRACE. Stop it with runtime.trace.stop.',
  ERR_HARTS_TRACE_NONE: 'Nothing has been recorded. Call runtime.trace.start before the work that you want to see.',
  ERR_HARTS_TRACE_WRITE: 'The trace could not be written to the end. Free space where the file is.',
  ERR_HARTS_TRACE_FAILED: 'The trace could not be had. Free memory, or record fewer events per hart.',
};

function explain<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    const { code = '', message } = cause as Error & { code?: string };
    const cure = cures[code];
    if (cure === undefined) throw cause;
    throw new TraceError(code, `${cure} (${message})`, { cause });
  }
}
