import type { Quantity } from '../input/case.js';
import { PLACE_NAMES, type Results } from '../results.js';

const UNIT_COLUMNS: Readonly<Record<Quantity, string>> = { P: 'P_Pa', Q: 'Q_m3s', u: 'u_ms', A: 'A_m2' };

function field(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Nine digits: more than the scheme resolves, fewer than round-off shows. */
function digits(value: number): string {
  return String(Number(value.toPrecision(9)));
}

/** Waveforms of the last cycle at five places of every saved vessel, one line per vessel, place and time. SI units. */
export function waveformCsv(results: Results, quantities: readonly Quantity[]): string {
  const lines = [['vessel', 'place', 'x_m', 't_s', ...quantities.map((q) => UNIT_COLUMNS[q])].join(',')];
  results.vessels.forEach((vessel, v) => {
    if (!vessel.save) {
      return;
    }
    PLACE_NAMES.forEach((place, j) => {
      const wave = results.waveform(v, j);
      const head = `${field(vessel.label)},${place},${digits(results.position(v, j))}`;
      wave.t.forEach((t, i) => {
        lines.push([head, digits(t), ...quantities.map((q) => digits(wave[q][i]!))].join(','));
      });
    });
  });
  return `${lines.join('\n')}\n`;
}

/** Systolic, diastolic and mean pressure and extremes and mean of flow at five places of every vessel. SI units. */
export function summaryCsv(results: Results): string {
  const lines = ['vessel,place,x_m,P_sys_Pa,P_dia_Pa,P_mean_Pa,Q_max_m3s,Q_min_m3s,Q_mean_m3s'];
  results.vessels.forEach((vessel, v) => {
    PLACE_NAMES.forEach((place, j) => {
      const s = results.summary(v, j);
      const values = [results.position(v, j), s.pMax, s.pMin, s.pMean, s.qMax, s.qMin, s.qMean];
      lines.push([field(vessel.label), place, ...values.map(digits)].join(','));
    });
  });
  return `${lines.join('\n')}\n`;
}
