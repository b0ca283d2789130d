import type { Case } from '../input/case.js';
import type { ReferenceCheck } from '../reference.js';
import { PLACE_NAMES, type Results } from '../results.js';
import { summaryCsv, waveformCsv } from './csv.js';
import type { ResultFile } from './files.js';
import { type ReportText, renderHtml } from './html.js';

/** All files of a run: waveforms and summary as CSV, everything but waveforms as JSON, and the page. */
export function reportFiles(results: Results, source: Case, text: ReportText): ResultFile[] {
  const { name } = source.network;
  return [
    { name: `${name}_waveforms.csv`, text: waveformCsv(results, source.quantities) },
    { name: `${name}_summary.csv`, text: summaryCsv(results) },
    { name: `${name}.json`, text: `${JSON.stringify(summaryJson(results, source, text), null, 2)}\n` },
    { name: `${name}.html`, text: renderHtml(results, source, text) },
  ];
}

/** The machine-readable summary. SI units. */
interface SummaryJson {
  readonly project: string;
  readonly title: string;
  readonly ending: string;
  readonly cycles: Results['state']['cycles'];
  readonly cells: number;
  readonly steps: number;
  readonly dt: number;
  readonly massBalance: ReturnType<Results['massBalance']>;
  readonly referenceCheck: ReferenceCheck | null;
  readonly runtime: readonly string[];
  readonly vessels: readonly unknown[];
}

function summaryJson(results: Results, source: Case, text: ReportText): SummaryJson {
  const { mesh, timing, cycles } = results.state;
  return {
    project: source.network.name,
    title: source.title,
    ending: text.ending,
    cycles,
    cells: mesh.totalCells,
    steps: timing.steps,
    dt: timing.dt,
    massBalance: results.massBalance(),
    referenceCheck: text.check ?? null,
    runtime: text.runtime,
    vessels: results.vessels.map((vessel, v) => ({
      label: vessel.label,
      sn: vessel.sn,
      tn: vessel.tn,
      cells: mesh.cells[v],
      ...Object.fromEntries(PLACE_NAMES.map((place, j) => [place, results.summary(v, j)])),
    })),
  };
}
