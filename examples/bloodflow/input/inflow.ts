import { BloodflowError } from '../errors.js';
import type { Inflow } from '../model/network.js';

/** An inflow and what looks wrong about it. */
export interface InflowFile {
  readonly inflow: Inflow;
  readonly warnings: readonly string[];
}

const FOURIER_HEADER = /^k\s*,\s*a\w*\s*,\s*phi\w*$/;
/** More than this is not blood flow in m3/s. */
const IMPLAUSIBLE_FLOW = 0.01;
/** Smaller flows than this, other than 0, are damaged exponents (seen in published tables). */
const VANISHING_FLOW = 1e-20;

/**
 * Reads an inflow file. Two forms, comma or blank separated, `#` for comments:
 *
 * - a table of time (s, from 0, rising) and flow (m3/s), linear in between; its last time is the period;
 * - a Fourier series with the header `k,a,phi`: flow = a0 + sum a_k sin(2 pi k t / T + phi_k), whose period T is given.
 *
 * @param period the period that the case gives, if it gives one.
 * @throws BloodflowError ERR_BLOODFLOW_INFLOW with file, line and value.
 */
export function readInflow(file: string, text: string, period: number | undefined): InflowFile {
  const lines = text
    .split(/\r?\n/)
    .map((line, i) => ({ number: i + 1, text: line.replace(/#.*/, '').trim() }))
    .filter((line) => line.text !== '');
  const head = lines[0]?.text ?? '';
  if (FOURIER_HEADER.test(head)) {
    return { inflow: fourier(file, readRows(file, lines.slice(1), 3), period), warnings: [] };
  }
  const titled = /[a-df-z]/i.test(head) && !/nan|inf/i.test(head);
  return table(file, readRows(file, titled ? lines.slice(1) : lines, 2), period);
}

interface Row {
  readonly line: number;
  readonly values: readonly number[];
}

function fail(place: string, text: string, advice: string): BloodflowError {
  return new BloodflowError('INFLOW', `${place}: ${text}`, advice);
}

function readRows(file: string, lines: readonly { number: number; text: string }[], columns: number): Row[] {
  return lines.map(({ number, text }) => {
    const fields = text.split(/[\s,;]+/).filter((field) => field !== '');
    if (fields.length !== columns) {
      throw fail(
        `${file}:${number}`,
        `${fields.length} columns in '${text}'.`,
        `There must be ${columns} in every line.`,
      );
    }
    const values = fields.map((field) => {
      const value = Number(field);
      if (!Number.isFinite(value)) {
        throw fail(`${file}:${number}`, `'${field}' is not a finite number.`, 'Times are in s, flows in m3/s.');
      }
      return value;
    });
    return { line: number, values };
  });
}

function table(file: string, rows: readonly Row[], period: number | undefined): InflowFile {
  if (rows.length < 2) {
    throw fail(file, `${rows.length} line(s) of time and flow.`, 'An inflow needs at least two.');
  }
  const times = rows.map((row) => row.values[0]!);
  const flows = rows.map((row) => row.values[1]!);
  if (times[0] !== 0) {
    throw fail(`${file}:${rows[0]!.line}`, `the first time is ${times[0]} s.`, 'Times start at 0.');
  }
  for (let i = 1; i < times.length; i++) {
    if (!(times[i]! > times[i - 1]!)) {
      throw fail(`${file}:${rows[i]!.line}`, `time ${times[i]} s follows ${times[i - 1]} s.`, 'Times must rise.');
    }
  }
  const end = times.at(-1)!;
  if (period !== undefined && Math.abs(period - end) > 1e-9 * end) {
    throw fail(
      file,
      `the table ends at ${end} s, but T is ${period} s.`,
      'Remove T from the case, or complete the table.',
    );
  }

  const warnings: string[] = [];
  const largest = Math.max(...flows.map(Math.abs));
  if (largest > IMPLAUSIBLE_FLOW) {
    warnings.push(`${file}: the largest flow is ${largest} m3/s; if that is mL/s, multiply by 1e-6.`);
  }
  if (Math.abs(flows[0]! - flows.at(-1)!) > 0.01 * largest) {
    warnings.push(`${file}: the flow jumps from ${flows.at(-1)} to ${flows[0]} m3/s where a period meets the next.`);
  }
  const vanishing = rows.find((row) => row.values[1] !== 0 && Math.abs(row.values[1]!) < VANISHING_FLOW);
  if (vanishing !== undefined) {
    warnings.push(`${file}:${vanishing.line}: the flow ${vanishing.values[1]} m3/s looks like a damaged exponent.`);
  }
  return { inflow: { period: end, at: (t) => interpolate(times, flows, t) }, warnings };
}

function interpolate(times: readonly number[], flows: readonly number[], t: number): number {
  let low = 0;
  let high = times.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= t) {
      low = middle;
    } else {
      high = middle;
    }
  }
  const part = (t - times[low]!) / (times[high]! - times[low]!);
  return flows[low]! + part * (flows[high]! - flows[low]!);
}

function fourier(file: string, rows: readonly Row[], period: number | undefined): Inflow {
  if (period === undefined) {
    throw fail(file, 'a Fourier series does not say its period.', "Give 'T' (seconds) in the case.");
  }
  if (rows.length === 0) {
    throw fail(file, 'the series has no terms.', 'Give at least the mean: 0,a0,0.');
  }
  for (const row of rows) {
    if (!Number.isInteger(row.values[0]) || row.values[0]! < 0) {
      throw fail(`${file}:${row.line}`, `harmonic ${row.values[0]}.`, 'Harmonics are 0, 1, 2, ...');
    }
  }
  return {
    period,
    at(t) {
      let q = 0;
      for (const { values } of rows) {
        const [k, a, phi] = values as [number, number, number];
        q += k === 0 ? a : a * Math.sin((2 * Math.PI * k * t) / period + phi);
      }
      return q;
    },
  };
}
