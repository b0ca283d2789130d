import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Case } from '../input/case.js';
import { exampleFolder } from '../paths.js';
import type { ReferenceCheck } from '../reference.js';
import { ML, MMHG, PLACE_NAMES, type Results } from '../results.js';

/** Vessels whose curves are shown when the page opens. */
const PRESELECTED = 5;

/** What the page says besides the waveforms. */
export interface ReportText {
  /** Why the run ended, one sentence. */
  readonly ending: string;
  readonly check: ReferenceCheck | undefined;
  /** What the runtime did, one line each. */
  readonly runtime: readonly string[];
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** The report as one page that needs nothing from the network: uPlot, style, script and data are inside. */
export function renderHtml(results: Results, source: Case, text: ReportText): string {
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
  const values: Readonly<Record<string, string>> = {
    title: escapeHtml(source.title),
    ending: escapeHtml(text.ending),
    cards: cards(results, text.check),
    places: PLACE_NAMES.map((name) => `<button type="button">${escapeHtml(name.replace('_', ' '))}</button>`).join(''),
    table: table(results),
    footer: text.runtime.map((line) => `<div>${escapeHtml(line)}</div>`).join(''),
    data: JSON.stringify(pageData(results)).replaceAll('<', '\\u003c'),
    uplot_css: readFileSync(join(uplot, 'uPlot.min.css'), 'utf8'),
    uplot_js: readFileSync(join(uplot, 'uPlot.iife.min.js'), 'utf8'),
  };
  const template = readFileSync(join(exampleFolder(), 'report', 'report.html'), 'utf8');
  return template.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole);
}

function cards(results: Results, check: ReferenceCheck | undefined): string {
  const inlet = results.inlet();
  const s = results.summary(inlet);
  const { inflow, imbalance } = results.massBalance();
  const { mesh, timing, cycles } = results.state;
  const mmHg = (p: number) => (p / MMHG).toFixed(0);
  const last = cycles.at(-1)!;
  const card = (name: string, value: string, small: string, tone = '') =>
    `<div class="card"><dt>${escapeHtml(name)}</dt><dd class="${tone}">${escapeHtml(value)}<small>${escapeHtml(small)}</small></dd></div>`;
  return [
    card(results.vessels[inlet]!.label, `${mmHg(s.pMax)}/${mmHg(s.pMin)} mmHg`, `mean ${mmHg(s.pMean)} mmHg`),
    card(
      'Inflow',
      `${(inflow / ML).toFixed(2)} mL/s`,
      `${((inflow / ML) * 0.06).toFixed(2)} L/min; out differs by ${imbalance.toExponential(1)}`,
    ),
    card(
      'Cycles',
      String(last.cycle),
      last.change === undefined ? '' : `last change ${last.change.toExponential(1)} in ${last.worst}`,
    ),
    card(
      'Mesh',
      `${results.vessels.length} vessels`,
      `${mesh.totalCells} cells, ${timing.steps} steps per cycle of ${results.state.network.inflow.period} s`,
    ),
    ...(check === undefined
      ? []
      : [
          card(
            'Reference',
            check.passed ? 'passed' : 'failed',
            check.errors.map((e) => `${e.name} ${e.value.toExponential(1)}`).join(', '),
            check.passed ? 'good' : 'bad',
          ),
        ]),
  ].join('');
}

function table(results: Results): string {
  const heads = ['vessel', 'sys [mmHg]', 'dia [mmHg]', 'mean [mmHg]', 'mean flow [mL/s]', 'max flow', 'min flow'];
  const rows = results.vessels.map((vessel, v) => {
    const s = results.summary(v);
    const cells = [
      ...[s.pMax, s.pMin, s.pMean].map((p) => (p / MMHG).toFixed(2)),
      ...[s.qMean, s.qMax, s.qMin].map((q) => (q / ML).toFixed(4)),
    ];
    return `<tr data-vessel="${v}"><td>${escapeHtml(vessel.label)}</td>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  return `<table><thead><tr>${heads.map((h) => `<th scope="col">${h}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function pageData(results: Results): unknown {
  const round = (values: Float64Array, unit: number) =>
    Array.from(values, (value) => Number((value / unit).toPrecision(6)));
  const vessels = results.vessels.map((vessel, v) => {
    const waves = vessel.save ? PLACE_NAMES.map((_, place) => results.waveform(v, place)) : undefined;
    return {
      label: vessel.label,
      P: waves?.map((wave) => round(wave.P, MMHG)) ?? null,
      Q: waves?.map((wave) => round(wave.Q, ML)) ?? null,
    };
  });
  return { places: PLACE_NAMES, t: round(results.waveform(0).t, 1), vessels, preselected: preselect(results) };
}

/** The inlet vessel and the outlets with the largest mean flow. */
function preselect(results: Results): number[] {
  const flow = (v: number) => Math.abs(results.summary(v).qMean);
  const outlets = results.vessels.flatMap((vessel, v) => (vessel.outlet !== undefined ? [v] : []));
  const chosen = [results.inlet(), ...outlets.sort((a, b) => flow(b) - flow(a) || a - b)];
  return [...new Set(chosen)].filter((v) => results.vessels[v]!.save).slice(0, PRESELECTED);
}
