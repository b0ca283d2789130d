import type { MachineState } from './machine.js';
import type { MeasurementSummary, Stratum } from './summary.js';
import type { Outcome } from './targets.js';

/** What `--json` writes; bench/README.md documents every field. */
export interface Report {
  readonly schema: 'harts-bench-1';
  readonly benchmark: string;
  readonly date: string;
  readonly seconds: number;
  readonly machine: MachineState & { readonly loadAfter: readonly number[] };
  readonly facts: Readonly<Record<string, string>>;
  readonly measurements: readonly MeasurementSummary[];
  readonly targets: readonly Outcome[];
  readonly verdict: string;
}

/** Three significant digits, no exponent below 10^7. */
export function formatNumber(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return Number(value.toPrecision(3)).toString();
}

/** The table of one measurement, a block of lines for each mode. */
export function measurementLines({ measurement, strata, discarded, missing }: MeasurementSummary): string[] {
  const lines: string[] = [];
  for (const stratum of strata) {
    const mode = stratum.mode === 'any' ? '' : ` [${stratum.mode}]`;
    const plural = stratum.rounds === 1 ? 'round' : 'rounds';
    lines.push(`${measurement.name}${mode}: ${measurement.what} (${measurement.unit}, ${stratum.rounds} ${plural})`);
    const rows = measurement.contenders.map(({ name, what, unavailable }) => {
      const cells = contenderCells(name, measurement.baseline, stratum);
      return cells === undefined ? [name, '-', '', '', '', unavailable ?? 'no sample'] : [name, ...cells, what];
    });
    lines.push(...aligned([['', 'median', 'p10..p90', `/ ${measurement.baseline}`, 'p10..p90', ''], ...rows]), '');
  }
  if (strata.length === 0) {
    const reasons = measurement.contenders.map(({ name, unavailable }) => `  ${name}: ${unavailable ?? 'no sample'}`);
    lines.push(`${measurement.name}: not measured`, ...new Set(reasons), '');
  }
  const redone = discarded.mode + discarded.busy;
  if (redone + missing > 0) {
    const given = missing > 0 ? `; ${missing} given up` : '';
    lines.splice(
      -1,
      0,
      `  ${redone} rounds done again: ${discarded.mode} mode changed, ${discarded.busy} disturbed${given}`,
    );
  }
  return lines;
}

function contenderCells(name: string, baseline: string, stratum: Stratum): string[] | undefined {
  const found = stratum.contenders[name];
  if (found === undefined) return undefined;
  const { samples, ratio } = found;
  const range = (low: number, high: number) => `${formatNumber(low)}..${formatNumber(high)}`;
  const ratioCells =
    ratio === undefined
      ? [name === baseline ? '1' : '-', '']
      : [formatNumber(ratio.median), range(ratio.p10, ratio.p90)];
  return [formatNumber(samples.median), range(samples.p10, samples.p90), ...ratioCells];
}

/** Columns of equal width: names and remarks to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const last = widths.length - 1;
  return rows.map((row) =>
    `  ${row
      .map((cell, column) =>
        column === last ? cell : column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')}`.trimEnd(),
  );
}

/** One line: what kind of machine this was, and how busy. */
export function machineLine(machine: Report['machine'], facts: Report['facts']): string {
  const quota = machine.quota === null ? '' : `, quota ${machine.quota}`;
  const virtual = machine.virtual ? ' (virtual)' : '';
  const known = Object.entries(facts).map(([name, value]) => `${name} ${value}`);
  return [
    `${machine.cpu}${virtual}, ${machine.usableCores} of ${machine.machineCores} cores${quota}`,
    `kernel ${machine.kernel}`,
    `node ${machine.node}`,
    ...known,
    `load ${machine.load[0]} before, ${machine.loadAfter[0]} after`,
  ].join('; ');
}

/** Says how one target came out. */
export function outcomeLine({ target, status, mode, reached, atMost, reason }: Outcome, unit: string): string {
  const where = mode === undefined || mode === 'any' ? '' : ` [${mode}]`;
  const name = `${target.measurement}/${target.contender}${where}`;
  if (reached === undefined || atMost === undefined) return `${name}: ${status} (${reason})`;
  const suffix = target.value === 'ratio' ? 'x' : ` ${unit}`;
  const relation = status === 'met' ? '<=' : '>';
  return `${name}: ${status}, ${formatNumber(reached)}${suffix} ${relation} ${formatNumber(atMost)}${suffix}`;
}

/** The last line of the output. */
export function verdict(benchmark: string, outcomes: readonly Outcome[]): string {
  const count = (status: Outcome['status']) => outcomes.filter((outcome) => outcome.status === status).length;
  const unmeasured = count('not measured');
  const measured = outcomes.length - unmeasured;
  if (outcomes.length === 0) return `verdict: ${benchmark}: measured; it has no targets`;
  const missed = outcomes
    .filter(({ status }) => status === 'missed')
    .map(({ target, mode }) => {
      const where = mode === undefined || mode === 'any' ? '' : ` [${mode}]`;
      return `${target.measurement}/${target.contender}${where}`;
    });
  return [
    `verdict: ${benchmark}: ${count('met')} of ${measured} targets met`,
    ...(missed.length > 0 ? [`missed: ${missed.join(', ')}`] : []),
    ...(unmeasured > 0 ? [`not measured: ${unmeasured}`] : []),
  ].join('; ');
}
