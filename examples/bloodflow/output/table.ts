import { ML, MMHG, type Results } from '../results.js';

interface Column {
  readonly title: string;
  readonly unit: string;
}

const COLUMNS: readonly Column[] = [
  { title: 'systolic', unit: 'mmHg' },
  { title: 'diastolic', unit: 'mmHg' },
  { title: 'mean', unit: 'mmHg' },
  { title: 'mean flow', unit: 'mL/s' },
  { title: 'max flow', unit: 'mL/s' },
  { title: 'min flow', unit: 'mL/s' },
];

/** Pressures and flows in the middle of every vessel, one line each. Depends on the results only, not on how they were computed. */
export function renderTable(results: Results): string {
  const rows = results.vessels.map((vessel, v) => {
    const s = results.summary(v);
    return [
      vessel.label,
      ...[s.pMax, s.pMin, s.pMean].map((p) => (p / MMHG).toFixed(2)),
      ...[s.qMean, s.qMax, s.qMin].map((q) => (q / ML).toFixed(4)),
    ];
  });
  const head = [
    ['vessel', ...COLUMNS.map((c) => c.title)],
    ['', ...COLUMNS.map((c) => c.unit)],
  ];
  const widths = head[0]!.map((_, k) => Math.max(...[...head, ...rows].map((row) => row[k]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, k) => (k === 0 ? cell.padEnd(widths[k]!) : cell.padStart(widths[k]!)))
      .join('  ')
      .trimEnd();
  return [...head.map(line), widths.map((w) => '-'.repeat(w)).join('  '), ...rows.map(line)].join('\n');
}

/** What flows in and out over the last cycle. */
export function renderMassBalance(results: Results): string {
  const { inflow, outflow, imbalance } = results.massBalance();
  const flows = `in ${(inflow / ML).toFixed(6)} mL/s, out ${(outflow / ML).toFixed(6)} mL/s`;
  return `mass balance: ${flows}, difference ${Number.isFinite(imbalance) ? imbalance.toExponential(1) : 'n/a'} of the inflow`;
}
