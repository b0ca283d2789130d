import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleFolder } from '../../examples/bloodflow/paths.js';

const CLI = join(exampleFolder(), '..', '..', 'dist', 'examples', 'bloodflow', 'cli.js');
const root = mkdtempSync(join(tmpdir(), 'bloodflow-cli-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeAll(() => {
  if (!existsSync(CLI)) throw new Error(`${CLI} is missing: run npm run build first`);
});

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** Milliseconds from the signal to the end. */
  readonly afterSignal: number;
}

interface Launch {
  readonly env?: Record<string, string>;
  readonly program?: string;
  /** Send SIGINT half a second after the output matches. */
  readonly interruptAt?: RegExp;
}

function launch(args: readonly string[], { env = {}, program = CLI, interruptAt }: Launch = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [program, ...args], { cwd: root, env: { ...process.env, ...env } });
  let out = '';
  let err = '';
  let signalled = Number.NaN;
  child.stdout.on('data', (chunk) => {
    out += chunk;
    if (interruptAt?.test(out) && Number.isNaN(signalled)) {
      signalled = 0;
      setTimeout(() => {
        signalled = performance.now();
        child.kill('SIGINT');
      }, 500);
    }
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err, afterSignal: performance.now() - signalled }));
  });
}

/** Lines of the table, without what depends on the machine. */
function tableOf(out: string): string {
  const from = out.indexOf('\nvessel');
  const to = out.indexOf('\nruntime:');
  expect(from).toBeGreaterThan(0);
  expect(to).toBeGreaterThan(from);
  return out.slice(from, to);
}

const plainJs = { HARTS_NATIVE: join(root, 'no-such-addon.node') };

describe('command line', () => {
  it('runs_a_shipped_case_and_writes_its_report', { timeout: 60_000 }, async () => {
    const { code, out, err } = await launch(['cca', '--out', 'cca']);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/cycle +1 /);
    expect(out).toMatch(/Periodic after \d+ cycles/);
    expect(out).toMatch(/^cca +124\.26 +82\.0\d +103\.61 +6\.5000/m);
    expect(out).toMatch(/^mass balance: /m);
    expect(out).toMatch(/^reference check: PASS/m);
    expect(out).toMatch(/^oversubscribed samples: 0/m);
    expect(out).toMatch(/^report: cca\/cca\.html$/m);
    expect(readdirSync(join(root, 'cca')).sort()).toEqual([
      'cca.html',
      'cca.json',
      'cca_summary.csv',
      'cca_waveforms.csv',
    ]);
    expect(JSON.parse(readFileSync(join(root, 'cca', 'cca.json'), 'utf8')).referenceCheck.passed).toBe(true);
  });

  it('prints_the_same_table_and_files_for_any_number_of_harts', { timeout: 80_000 }, async () => {
    const settings: Record<string, string>[] = [{ HARTS: '1' }, { HARTS: '2' }, { HARTS_VIRTUAL: '16' }];
    const tables: string[] = [];
    for (const [k, env] of settings.entries()) {
      const folder = `harts${k}`;
      const run = await launch(['circle_of_willis', '--dx', '10', '--cycles', '2', '--out', folder], { env });
      expect(run.code, run.err).toBe(0);
      const summary = readFileSync(join(root, folder, 'circle_of_willis_summary.csv'), 'utf8');
      const waveforms = readFileSync(join(root, folder, 'circle_of_willis_waveforms.csv'), 'utf8');
      tables.push(tableOf(run.out) + summary + waveforms);
    }
    for (const table of tables) expect(table === tables[0]).toBe(true);
  });

  it.each([
    ['on harts', {}],
    ['in plain JS', plainJs],
  ])('ends_within_a_second_of_ctrl_c_and_leaves_no_file: %s', { timeout: 60_000 }, async (name, env) => {
    const folder = name.replaceAll(' ', '_');
    const { code, err, afterSignal } = await launch(['adan56', '--out', folder], { env, interruptAt: /77 vessels/ });
    expect(code).toBe(130);
    expect(afterSignal).toBeLessThan(1000);
    expect(err).toMatch(/SIGINT: stopped/);
    expect(readdirSync(join(root, folder))).toEqual([]);
  });

  it.each([
    ['an unknown case', ['circle_of_wilis'], /ERR_BLOODFLOW_FILE.*Did you mean 'circle_of_willis'/],
    ['no case', [], /missing required argument 'case'/],
    ['an unknown option', ['cca', '--dy', '1'], /unknown option '--dy'/],
    ['a mesh of zero', ['cca', '--dx', '0'], /greater than 0/],
    ['half a cycle', ['cca', '--cycles', '1.5'], /whole number/],
    ['a tolerance in per cent', ['cca', '--tolerance', '1'], /less than 0\.1/],
    ['a folder that is a file', ['cca', '--out', 'occupied/below'], /ERR_BLOODFLOW_OUTPUT/],
    [
      'a broken case',
      ['broken.yaml'],
      /ERR_BLOODFLOW_UNKNOWN_KEY: .*broken\.yaml:2:1: unknown key 'inlet'.*Did you mean 'inlet_file'/,
    ],
  ])('exits_with_2_for %s', async (_, args, message) => {
    writeFileSync(join(root, 'occupied'), '');
    writeFileSync(join(root, 'broken.yaml'), 'project_name: broken\ninlet: flow.dat\n');
    const { code, out, err } = await launch(args);
    expect(err).toMatch(message);
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  it('exits_with_1_when_a_run_fails_and_names_the_vessel', { timeout: 30_000 }, async () => {
    writeFileSync(join(root, 'gush.dat'), '0 0\n0.1 4e-3\n0.5 0\n');
    const text = readFileSync(join(exampleFolder(), 'networks', 'uta.yaml'), 'utf8')
      .replace('../data/inflow/uta_fourier.csv', 'gush.dat')
      .replace(/^T: .*\n/m, '');
    writeFileSync(join(root, 'gush.yaml'), text);
    const { code, err } = await launch(['gush.yaml', '--out', 'gush']);
    expect(err).toMatch(/^ERR_BLOODFLOW_(CFL|NOT_FINITE): .*'uta'.* at t = 0\.\d+ s of cycle 1/);
    expect(code).toBe(1);
    expect(readdirSync(join(root, 'gush'))).toEqual([]);
  });

  it('keeps_the_cycles_that_were_whole_when_a_later_one_fails', { timeout: 30_000 }, async () => {
    // Blood is drawn out of a carotid with a large compliance: it collapses after some cycles.
    writeFileSync(join(root, 'drain.dat'), '0 -3e-5\n1.1 -3e-5\n');
    const text = readFileSync(join(exampleFolder(), 'networks', 'cca.yaml'), 'utf8')
      .replace('../data/inflow/cca_fourier.csv', 'drain.dat')
      .replace(/Cc: .*/, 'Cc: 1.75e-9');
    writeFileSync(join(root, 'drain.yaml'), text);
    const { code, out, err } = await launch(['drain.yaml', '--out', 'drain']);
    expect(err).toMatch(/^ERR_BLOODFLOW_(CFL|NOT_FINITE): .*'cca'.* of cycle [2-9]/);
    expect(code).toBe(1);
    expect(out).toMatch(/Results of cycle [1-8], the last whole one/);
    expect(readdirSync(join(root, 'drain'))).toContain('cca.html');
  });

  it('launcher_says_what_to_do_when_nothing_is_built', async () => {
    const folder = join(root, 'checkout', 'examples', 'bloodflow');
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(exampleFolder(), 'bloodflow.mjs'), join(folder, 'bloodflow.mjs'));
    const { code, err } = await launch(['cca'], { program: join(folder, 'bloodflow.mjs') });
    expect(code).toBe(1);
    expect(err).toMatch(/npm start/);
  });
});
