import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { BenchError } from './errors.js';
import { xOf } from './growth.js';
import type { Chart } from './instrument.js';
import type { Report } from './report.js';
import { machineLine } from './report.js';

interface Curve {
  readonly name: string;
  readonly points: ReadonlyMap<number, number>;
}

/**
 * The curves of a report as one page that needs nothing from the network: uPlot, its style and the data are inside.
 *
 * @throws BenchError when no measurement belongs to a curve
 */
export function renderChart(report: Report, what: string, chart: Chart): string {
  const curves = curvesOf(report);
  if (curves.length === 0) {
    throw new BenchError(
      `"${report.benchmark}" measured nothing that its chart could show: no name ends with a number.`,
    );
  }
  const xs = [...new Set(curves.flatMap(({ points }) => [...points.keys()]))].sort((a, b) => a - b);
  const data = {
    x: xs,
    curves: curves.map(({ name, points }) => ({ name, y: xs.map((x) => points.get(x) ?? null) })),
    labels: { x: chart.x, y: chart.y },
    log: { x: chart.log?.includes('x') ?? false, y: chart.log?.includes('y') ?? false },
  };
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
  const values: Readonly<Record<string, string>> = {
    title: escapeHtml(`${report.benchmark}: ${what}`),
    machine: escapeHtml(`${report.date.slice(0, 10)}; ${machineLine(report.machine, report.facts)}`),
    verdict: escapeHtml(report.verdict),
    data: JSON.stringify(data).replaceAll('<', '\\u003c'),
    uplot_css: readFileSync(join(uplot, 'uPlot.min.css'), 'utf8'),
    uplot_js: readFileSync(join(uplot, 'uPlot.iife.min.js'), 'utf8'),
  };
  return page.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole);
}

/** Medians by curve; a curve for each contender where there are several, and for each mode where there are several. */
function curvesOf(report: Report): Curve[] {
  const curves = new Map<string, Map<number, number>>();
  for (const { measurement, strata } of report.measurements) {
    const at = xOf(measurement.name);
    if (at === undefined) continue;
    for (const { mode, contenders } of strata) {
      for (const [contender, { samples }] of Object.entries(contenders)) {
        const words = [at.curve];
        if (measurement.contenders.length > 1) words.push(contender);
        if (mode !== 'any') words.push(`(${mode})`);
        const name = words.join(' ');
        curves.set(name, (curves.get(name) ?? new Map()).set(at.x, samples.median));
      }
    }
  }
  return [...curves].map(([name, points]) => ({ name, points }));
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{title}}</title>
<style>{{uplot_css}}</style>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222; }
h1 { font-size: 1.3rem; }
p { color: #555; }
.u-legend { text-align: left; }
</style>
</head>
<body>
<h1>{{title}}</h1>
<div id="chart"></div>
<p>{{verdict}}</p>
<p>{{machine}}</p>
<script>{{uplot_js}}</script>
<script>
const data = {{data}};
const colour = (i) => 'hsl(' + Math.round((i * 137.5) % 360) + ' 70% 42%)';
const plain = (u, values) => values.map((value) => (value === null ? '' : Number(value.toPrecision(3)).toLocaleString('en')));
const scale = (isLog) => (isLog ? { distr: 3, time: false } : { time: false });
const box = document.getElementById('chart');
const plot = new uPlot({
  width: box.clientWidth,
  height: 560,
  scales: { x: scale(data.log.x), y: scale(data.log.y) },
  axes: [{ label: data.labels.x, values: plain }, { label: data.labels.y, values: plain, size: 80 }],
  series: [
    { label: data.labels.x },
    ...data.curves.map((curve, i) => ({
      label: curve.name,
      stroke: colour(i),
      width: 2,
      spanGaps: true,
      points: { show: true, size: 6 },
      value: (u, value) => (value === null ? '' : Number(value.toPrecision(4)).toLocaleString('en')),
    })),
  ],
}, [data.x, ...data.curves.map((curve) => curve.y)], box);
addEventListener('resize', () => plot.setSize({ width: box.clientWidth, height: 560 }));
</script>
</body>
</html>
`;
