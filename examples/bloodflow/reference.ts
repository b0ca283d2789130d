import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROBES } from './kernels/update.js';
import { exampleFolder } from './paths.js';
import { ML, type Results } from './results.js';

/** Largest deviations from a reference, by name, each with the mark that it must not exceed. */
export interface ReferenceCheck {
  readonly reference: string;
  readonly errors: readonly { readonly name: string; readonly value: number; readonly mark: number }[];
  readonly passed: boolean;
}

interface Marks {
  readonly pressureMean: number;
  readonly pressureMax: number;
  readonly flowMean: number;
  readonly flowMax: number;
  /** Systolic and diastolic pressure; checked only where the reference is sampled finely enough for extremes. */
  readonly extremes?: number;
}

const PLACE_OF: Readonly<Record<string, number>> = { in: 0, mid: 2, out: PROBES - 1 };

const SMALL: Marks = { pressureMean: 1e-3, pressureMax: 1e-3, flowMean: 2e-3, flowMax: 2e-3, extremes: 1e-3 };
const ADAN56: Marks = { pressureMean: 1e-3, pressureMax: 3e-3, flowMean: 3e-3, flowMax: 1e-2 };

/** Shipped references by the name of the case. */
const CHECKS: Readonly<Record<string, (results: Results) => ReferenceCheck>> = {
  cca: (results) => checkWaveforms(results, 'cca.csv', SMALL),
  adan56: (results) => checkWaveforms(results, 'adan56_mid.csv', ADAN56),
  circle_of_willis: (results) => checkSummary(results, 'circle_of_willis_mid_summary.csv'),
};

/** Compares a run of a shipped case with the reference that ships with it; undefined where none does. */
export function checkReference(caseName: string, results: Results): ReferenceCheck | undefined {
  return Object.hasOwn(CHECKS, caseName) ? CHECKS[caseName]!(results) : undefined;
}

/** One line for people. */
export function renderReferenceCheck(check: ReferenceCheck): string {
  const errors = check.errors.map(({ name, value, mark }) => `${name} ${value.toExponential(1)} (<= ${mark})`);
  return `reference check: ${check.passed ? 'PASS' : 'FAIL'} against ${check.reference}: ${errors.join(', ')}`;
}

function report(reference: string, errors: ReferenceCheck['errors']): ReferenceCheck {
  return { reference, errors, passed: errors.every(({ value, mark }) => value <= mark) };
}

/**
 * eP = sqrt(mean(((P - Pr) / Pr)^2)), eQ = sqrt(mean(((Q - Qr) / max |Qr|)^2)) at every place of the file, whose columns are
 * `<vessel>_<place>_{P_Pa,Q_m3s}`.
 */
function checkWaveforms(results: Results, file: string, marks: Marks): ReferenceCheck {
  const columns = readColumns(file);
  const times = columns.get('t_s')!.map(Number);
  const eP: number[] = [];
  const eQ: number[] = [];
  const extremes: number[] = [];
  for (const [name, cells] of columns) {
    const match = /^(.*)_(in|mid|out)_P_Pa$/.exec(name);
    const v = match === null ? -1 : results.vessels.findIndex((vessel) => vessel.label === match[1]);
    if (match === null || v < 0) {
      continue;
    }
    const place = PLACE_OF[match[2]!]!;
    const wave = results.waveform(v, place);
    const p = cells.map(Number);
    const q = columns.get(`${match[1]}_${match[2]}_Q_m3s`)!.map(Number);
    const qScale = Math.max(...q.map(Math.abs));
    const period = results.state.network.inflow.period;
    const pThere = wave.t.map((t) => periodic(times, p, t, period));
    const qThere = wave.t.map((t) => periodic(times, q, t, period));
    eP.push(rms(wave.P.map((value, i) => (value - pThere[i]!) / pThere[i]!)));
    eQ.push(rms(wave.Q.map((value, i) => (value - qThere[i]!) / qScale)));
    const summary = results.summary(v, place);
    const [high, low] = [Math.max(...p), Math.min(...p)];
    extremes.push(Math.abs(summary.pMax / high - 1), Math.abs(summary.pMin / low - 1));
  }
  return report(file, [
    { name: 'eP mean', value: mean(eP), mark: marks.pressureMean },
    { name: 'eP max', value: Math.max(...eP), mark: marks.pressureMax },
    { name: 'eQ mean', value: mean(eQ), mark: marks.flowMean },
    { name: 'eQ max', value: Math.max(...eQ), mark: marks.flowMax },
    ...(marks.extremes === undefined ? [] : [{ name: 'sys/dia', value: Math.max(...extremes), mark: marks.extremes }]),
  ]);
}

/** Systolic, diastolic and mean pressure relative to their own; flows relative to the largest flow of the vessel. */
function checkSummary(results: Results, file: string): ReferenceCheck {
  const columns = readColumns(file);
  const number = (name: string, row: number) => Number(columns.get(name)![row]);
  let pressure = 0;
  let meanFlow = 0;
  let flowExtremes = 0;
  columns.get('label')!.forEach((label, row) => {
    const s = results.summary(results.vessels.findIndex((vessel) => vessel.label === label));
    const [qMax, qMin] = [number('Q_max_mls', row), number('Q_min_mls', row)];
    const scale = Math.max(Math.abs(qMax), Math.abs(qMin));
    pressure = Math.max(
      pressure,
      Math.abs(s.pMax / number('P_sys_Pa', row) - 1),
      Math.abs(s.pMin / number('P_dia_Pa', row) - 1),
      Math.abs(s.pMean / number('P_mean_Pa', row) - 1),
    );
    meanFlow = Math.max(meanFlow, Math.abs(s.qMean / ML - number('Q_mean_mls', row)) / scale);
    flowExtremes = Math.max(flowExtremes, Math.abs(s.qMax / ML - qMax) / scale, Math.abs(s.qMin / ML - qMin) / scale);
  });
  return report(file, [
    { name: 'sys/dia/mean pressure', value: pressure, mark: 1e-3 },
    { name: 'mean flow', value: meanFlow, mark: 1e-3 },
    { name: 'max/min flow', value: flowExtremes, mark: 1e-2 },
  ]);
}

function readColumns(file: string): Map<string, string[]> {
  const text = readFileSync(join(exampleFolder(), 'data', 'reference', file), 'utf8');
  const [head, ...rows] = text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  return new Map(head!.map((name, k) => [name, rows.map((row) => row[k]!)]));
}

/** Linear interpolation in a periodic table. */
function periodic(times: readonly number[], values: readonly number[], t: number, period: number): number {
  const next = times.findIndex((time) => time > t);
  const b = next < 0 ? 0 : next;
  const a = (b + times.length - 1) % times.length;
  const ta = times[a]! - (b === 0 && next >= 0 ? period : 0);
  const tb = times[b]! + (next < 0 ? period : 0);
  return values[a]! + ((values[b]! - values[a]!) * (t - ta)) / (tb - ta);
}

function rms(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
