import type { CycleReport } from '../simulate.js';

/** Cycles before this one still feel the start; the rate of convergence is not read from them. */
const SETTLED = 3;
const BAR = 24;

/** `0.8 s`, `12 s`, `3 min 20 s`. */
export function duration(seconds: number): string {
  if (seconds < 10) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/**
 * Seconds until the run is periodic, from how fast the last changes shrank, or until its cycles are done if that is sooner.
 * Undefined while it cannot be told.
 */
export function remaining(reports: readonly CycleReport[], tolerance: number, cycles: number): number | undefined {
  const last = reports.at(-1);
  const before = reports.at(-2);
  if (last === undefined) {
    return undefined;
  }
  const most = cycles - last.cycle;
  if (
    last.change === undefined ||
    before?.change === undefined ||
    last.cycle < SETTLED ||
    !(last.change < before.change)
  ) {
    return last.cycle >= SETTLED || most < SETTLED ? most * last.seconds : undefined;
  }
  const needed = Math.ceil(Math.log(tolerance / last.change) / Math.log(last.change / before.change));
  return Math.min(Math.max(needed, 0), most) * last.seconds;
}

/** Tells on a stream how a run goes: a line per cycle, and on a terminal a bar within the cycle. */
export class Progress {
  readonly #out: NodeJS.WriteStream;
  readonly #tolerance: number;
  readonly #cycles: number;
  readonly #reports: CycleReport[] = [];
  #drawn = false;

  constructor(out: NodeJS.WriteStream, tolerance: number, cycles: number) {
    this.#out = out;
    this.#tolerance = tolerance;
    this.#cycles = cycles;
  }

  cycle(report: CycleReport): void {
    this.#reports.push(report);
    const change =
      report.change === undefined ? 'change -' : `change ${report.change.toExponential(2)} in ${report.worst}`;
    const left = remaining(this.#reports, this.#tolerance, this.#cycles);
    const parts = [
      `cycle ${String(report.cycle).padStart(String(this.#cycles).length)}`,
      change,
      `${report.steps} steps in ${duration(report.seconds)} (${Math.round(report.steps / report.seconds)} steps/s)`,
      `Courant ${report.courant.toFixed(2)}`,
      ...(left === undefined || left === 0 ? [] : [`about ${duration(left)} left`]),
    ];
    this.clear();
    this.#out.write(`${parts.join('  ')}\n`);
  }

  part(cycle: number, part: number): void {
    if (!this.#out.isTTY) {
      return;
    }
    const done = Math.round(Math.min(part, 1) * BAR);
    this.#out.write(`\r\x1b[Kcycle ${cycle}  [${'#'.repeat(done)}${'.'.repeat(BAR - done)}]`);
    this.#drawn = true;
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#drawn) {
      this.#out.write('\r\x1b[K');
      this.#drawn = false;
    }
  }
}
