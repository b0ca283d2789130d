import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Case } from '../../examples/bloodflow/input/case.js';
import { summaryCsv, waveformCsv } from '../../examples/bloodflow/output/csv.js';
import { prepareFolder, writeResults } from '../../examples/bloodflow/output/files.js';
import { remaining } from '../../examples/bloodflow/output/progress.js';
import { reportFiles } from '../../examples/bloodflow/output/report_files.js';
import { renderMassBalance, renderTable } from '../../examples/bloodflow/output/table.js';
import { findCase } from '../../examples/bloodflow/paths.js';
import { Results } from '../../examples/bloodflow/results.js';
import { constantFlow, network, stepper, vessel } from './support.js';

const root = mkdtempSync(join(tmpdir(), 'bloodflow-output-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const HOSTILE = 'a"b,</script><b>&\'';

function smallRun(): Results {
  const load = { kind: 'resistance', r1: 1e8, pOut: 0 } as const;
  const tubes = [
    vessel({ length: 0.1, pRef: 9000 }),
    vessel({ label: HOSTILE, sn: 2, tn: 3, length: 0.1, pRef: 9000, outlet: load }),
    vessel({ label: 'hidden', sn: 2, tn: 4, length: 0.1, pRef: 9000, outlet: load, save: false }),
  ];
  const run = stepper(network(tubes, constantFlow(0.2, 1e-4), { samples: 8, dx: 0.02, pInitial: 10_000 }));
  run.run(run.timing.steps);
  const report = { cycle: 1, change: 0.25, worst: 'tube', steps: 8, seconds: 1, courant: 0.5, fastest: 'tube' };
  return new Results({ ...run.state(), cycles: [report] });
}

const results = smallRun();
const source: Case = {
  file: 'x.yaml',
  network: results.state.network,
  title: 'A <title> & more',
  outputDirectory: undefined,
  quantities: ['P', 'Q'],
  warnings: [],
};

describe('output', () => {
  it('table_gives_one_line_per_vessel_in_clinical_units', () => {
    const lines = renderTable(results).split('\n');
    expect(lines).toHaveLength(3 + 3);
    const s = results.summary(0);
    expect(lines[3]).toContain((s.pMax / 133.322).toFixed(2));
    expect(lines[3]).toContain((s.qMean * 1e6).toFixed(4));
    expect(renderMassBalance(results)).toMatch(/^mass balance: in 100\.000000 mL\/s, out \d/);
  });

  it('waveform_csv_has_every_saved_place_and_quantity_asked_for', () => {
    const lines = waveformCsv(results, ['P', 'A']).trim().split('\n');
    expect(lines[0]).toBe('vessel,place,x_m,t_s,P_Pa,A_m2');
    expect(lines).toHaveLength(1 + 2 * 5 * 8);
    expect(lines.join('\n')).not.toContain('hidden');
    expect(lines[1 + 5 * 8]).toMatch(/^"a""b,<\/script><b>&'",inlet,0,/);
    expect(summaryCsv(results).trim().split('\n')).toHaveLength(1 + 3 * 5);
  });

  it('area_and_velocity_follow_from_pressure_and_flow', () => {
    const wave = results.waveform(0);
    wave.P.forEach((_, i) => {
      expect(wave.u[i]! * wave.A[i]!).toBeCloseTo(wave.Q[i]!, 15);
    });
  });

  it('page_needs_nothing_from_the_network_and_survives_hostile_labels', () => {
    const files = reportFiles(results, source, {
      ending: 'Done <ok>.',
      check: undefined,
      runtime: ['runtime: 2 harts'],
    });
    const html = files.find(({ name }) => name.endsWith('.html'))!.text;
    expect(html).not.toMatch(/<(script|link|img|iframe)[^>]*(src|href)=/);
    expect(html).not.toContain('{{');
    expect(html).not.toContain('</script><b>');
    expect(html).toContain('A &#60;title&#62; &#38; more');
    const data = JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)![1]!);
    expect(data.vessels[1].label).toBe(HOSTILE);
    expect(data.vessels[2].P).toBeNull();
    expect(data.vessels[0].P[2]).toHaveLength(data.t.length);
    const json = JSON.parse(files.find(({ name }) => name.endsWith('.json'))!.text);
    expect(json.vessels.map((v: { label: string }) => v.label)).toEqual(['tube', HOSTILE, 'hidden']);
    expect(json.vessels[0].mid.qMean).toBe(results.summary(0).qMean);
  });

  it('writes_all_files_under_their_final_names', () => {
    const folder = join(root, 'deep', 'er');
    prepareFolder(folder);
    expect(readdirSync(folder)).toEqual([]);
    writeResults(folder, [
      { name: 'a.csv', text: 'one' },
      { name: 'b.csv', text: 'two' },
    ]);
    expect(readdirSync(folder).sort()).toEqual(['a.csv', 'b.csv']);
    expect(readFileSync(join(folder, 'b.csv'), 'utf8')).toBe('two');
  });

  it('leaves_no_new_file_when_one_cannot_be_written', () => {
    const folder = join(root, 'half');
    mkdirSync(join(folder, 'blocked'), { recursive: true });
    writeFileSync(join(folder, 'blocked', 'x'), '');
    const attempt = () =>
      writeResults(folder, [
        { name: 'no/such/folder.csv', text: '' },
        { name: 'b.csv', text: '' },
      ]);
    expect(attempt).toThrow(expect.objectContaining({ code: 'ERR_BLOODFLOW_OUTPUT' }));
    expect(readdirSync(folder)).toEqual(['blocked']);
  });

  it('says_so_when_the_folder_cannot_be_made', () => {
    writeFileSync(join(root, 'file'), '');
    expect(() => prepareFolder(join(root, 'file', 'below'))).toThrow(
      expect.objectContaining({ code: 'ERR_BLOODFLOW_OUTPUT' }),
    );
    expect(() => prepareFolder('/proc/nowhere')).toThrow(expect.objectContaining({ code: 'ERR_BLOODFLOW_OUTPUT' }));
    if (process.getuid?.() !== 0) {
      mkdirSync(join(root, 'locked'));
      chmodSync(join(root, 'locked'), 0o500);
      expect(() => prepareFolder(join(root, 'locked'))).toThrow(
        expect.objectContaining({ code: 'ERR_BLOODFLOW_OUTPUT' }),
      );
    }
  });

  it('estimates_the_time_left_from_how_the_change_shrinks', () => {
    const at = (cycle: number, change: number | undefined) => ({
      cycle,
      change,
      worst: 'a',
      steps: 10,
      seconds: 2,
      courant: 0.5,
      fastest: 'a',
    });
    expect(remaining([at(1, undefined)], 1e-6, 100)).toBeUndefined();
    expect(remaining([at(3, 1e-2), at(4, 1e-3)], 1e-6, 100)).toBeCloseTo(6, 9);
    expect(remaining([at(3, 1e-2), at(4, 1e-3)], 1e-6, 5)).toBeCloseTo(2, 9);
    expect(remaining([at(3, 1e-3), at(4, 1e-2)], 1e-6, 10)).toBeCloseTo(12, 9);
  });

  it('finds_shipped_cases_and_suggests_names', () => {
    expect(findCase('cca').shipped).toBe('cca');
    expect(findCase(findCase('cca').file).shipped).toBe('cca');
    expect(() => findCase('cco')).toThrow(/Did you mean 'cca'/);
    expect(() => findCase('nowhere/case.yaml')).toThrow(expect.objectContaining({ code: 'ERR_BLOODFLOW_FILE' }));
  });
});
