import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runCli } from '../../bench/cli.js';
import { BenchError } from '../../bench/harness/errors.js';
import type { Benchmark } from '../../bench/harness/instrument.js';
import type { Target } from '../../bench/harness/targets.js';
import { benchmark, measurement, scripted } from './support.js';

const directory = mkdtempSync(join(tmpdir(), 'harts-bench-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const target: Target = { measurement: 'thing', contender: 'ours', value: 'median', atMost: 20, source: 'a test' };

async function run(args: readonly string[], ours = 10, fake?: Benchmark) {
  const script = scripted([{ samples: { ours, theirs: 40 } }]);
  const lines: string[] = [];
  const notes: string[] = [];
  const code = await runCli(args, {
    benchmarks: [fake ?? benchmark(() => script.instrument)],
    output: { line: (text) => lines.push(text), note: (text) => notes.push(text) },
    targetsOf: () => [target],
  });
  return { code, lines, notes: notes.join('\n'), asked: script.asked.length, closed: script.closed() };
}

describe('the bench command', () => {
  test('prints_a_table_and_ends_with_the_verdict', async () => {
    const { code, lines, closed } = await run(['fake']);
    expect(code).toBe(0);
    expect(lines.some((line) => /^ {2}ours\s+10\s+10\.\.10\s+0\.25\s+0\.25\.\.0\.25 {2}our way$/.test(line))).toBe(
      true,
    );
    expect(lines).toContain('target thing/ours: met, 10 ns <= 20 ns');
    expect(lines.at(-1)).toBe('verdict: fake: 1 of 1 targets met');
    expect(closed).toBe(1);
  });

  test('check_fails_and_names_the_target_that_was_missed', async () => {
    const { code, lines } = await run(['fake', '--check'], 30);
    expect(code).toBe(1);
    expect(lines.at(-1)).toBe('verdict: fake: 0 of 1 targets met; missed: thing/ours');
  });

  test('without_check_a_missed_target_is_reported_only', async () => {
    expect((await run(['fake'], 30)).code).toBe(0);
  });

  test('rounds_says_how_often_every_measurement_is_taken', async () => {
    const warmUp = (await run(['fake', '--rounds', '1'])).asked - 1;
    expect((await run(['fake', '--rounds=7'])).asked).toBe(7 + warmUp);
    expect((await run(['fake'])).asked).toBe(3 + warmUp);
  });

  test('json_holds_samples_machine_and_verdict', async () => {
    const path = join(directory, 'report.json');
    const { code } = await run(['fake', '--json', path]);
    expect(code).toBe(0);
    const report = JSON.parse(readFileSync(path, 'utf8'));
    expect(report).toMatchObject({
      schema: 'harts-bench-1',
      benchmark: 'fake',
      facts: { compiler: 'none' },
      machine: { node: process.version, load: expect.any(Array), loadAfter: expect.any(Array) },
      measurements: [
        {
          measurement: measurement(),
          strata: [
            { mode: 'any', rounds: 3, contenders: { ours: { samples: { median: 10 }, ratio: { median: 0.25 } } } },
          ],
          rounds: [{ mode: 'any', samples: { ours: 10, theirs: 40 } }, {}, {}],
        },
      ],
      targets: [{ status: 'met', reached: 10, atMost: 20 }],
      verdict: 'verdict: fake: 1 of 1 targets met',
    });
  });

  test.each([
    [[], 'Which benchmark?'],
    [['nonesuch'], 'There is no benchmark "nonesuch".'],
    [['fake', 'other'], 'One benchmark at a time'],
    [['fake', '--rounds', '0'], '--rounds must be a whole number from 1, not "0".'],
    [['fake', '--rounds', 'many'], '--rounds must be a whole number from 1, not "many".'],
    [['fake', '--fast'], "Unknown option '--fast'"],
    [['fake', '--json'], "Option '--json <value>' argument missing"],
    [['fake', '--chart', 'chart.html'], '"fake" has no chart; these have: none.'],
  ])('%j_is_refused_with_the_list_of_benchmarks', async (args, message) => {
    const { code, lines, notes, asked } = await run(args);
    expect(code).toBe(2);
    expect(notes).toContain(message);
    expect(notes).toMatch(/Benchmarks:\n {2}fake\s+a benchmark of nothing/);
    expect(lines).toEqual([]);
    expect(asked).toBe(0);
  });

  test('a_benchmark_that_cannot_start_fails_with_its_sentence', async () => {
    const broken = benchmark(() => {
      throw new BenchError('The machine is missing.');
    });
    expect(await run(['fake'], 10, broken)).toMatchObject({ code: 1, notes: 'The machine is missing.' });
  });

  test('the_instrument_is_closed_when_a_round_fails', async () => {
    const script = scripted([]);
    const failing = benchmark(() => ({
      ...script.instrument,
      round: () => Promise.reject(new BenchError('It broke off.')),
    }));
    expect(await run(['fake'], 10, failing)).toMatchObject({ code: 1, notes: 'It broke off.' });
    expect(script.closed()).toBe(1);
  });
});
