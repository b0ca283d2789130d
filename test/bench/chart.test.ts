import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runCli } from '../../bench/cli.js';
import { growthOf, xOf } from '../../bench/harness/growth.js';
import type { Benchmark } from '../../bench/harness/instrument.js';
import { joined } from '../../bench/scale.js';
import { benchmark, measurement, scripted } from './support.js';

const directory = mkdtempSync(join(tmpdir(), 'harts-bench-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function curve(name: string, xs: readonly number[]) {
  return xs.map((x) =>
    measurement({ name: `${name}${x}`, baseline: 'lithe', contenders: [{ name: 'lithe', what: '' }] }),
  );
}

async function chartOf(fake: Benchmark) {
  const path = join(directory, 'chart.html');
  const notes: string[] = [];
  const code = await runCli(['fake', '--chart', path], {
    benchmarks: [fake],
    output: { line: () => {}, note: (text) => notes.push(text) },
    targetsOf: () => [],
  });
  return { code, notes: notes.join('\n'), html: code === 0 ? readFileSync(path, 'utf8') : '' };
}

describe('charts', () => {
  const chart = { x: 'how many', y: 'time [ns]', log: ['x'] } as const;

  test('a_chart_holds_every_curve_and_everything_that_it_needs', async () => {
    const named = [...curve('push <1> ', [10, 1]), ...curve('pop ', [1, 100]), measurement({ name: 'a table' })];
    const { instrument } = scripted([{ samples: { lithe: 7, ours: 1, theirs: 1 } }], named);
    const { code, html } = await chartOf({ ...benchmark(() => instrument), chart });
    expect(code).toBe(0);
    const data = JSON.parse(/const data = (.*);/.exec(html)![1]!);
    expect(data).toEqual({
      x: [1, 10, 100],
      curves: [
        { name: 'push <1>', y: [7, 7, null] },
        { name: 'pop', y: [7, null, 7] },
      ],
      labels: { x: 'how many', y: 'time [ns]' },
      log: { x: true, y: false },
    });
    expect(html).toContain('uPlot=function');
    expect(html).not.toMatch(/<(script|link)[^>]+(src|href)=/);
    expect(html).not.toMatch(/\{\{\w+\}\}/);
  });

  test('contenders_are_curves_of_their_own', async () => {
    const { instrument } = scripted([{ samples: { ours: 1, theirs: 2 } }], [measurement({ name: 'thing 4' })]);
    const { html } = await chartOf({ ...benchmark(() => instrument), chart });
    expect(html).toContain('{"name":"thing ours","y":[1]},{"name":"thing theirs","y":[2]}');
  });

  test('a_chart_without_any_curve_is_an_error', async () => {
    const { instrument } = scripted([{ samples: { ours: 1, theirs: 2 } }]);
    expect(await chartOf({ ...benchmark(() => instrument), chart })).toMatchObject({
      code: 1,
      notes: '"fake" measured nothing that its chart could show: no name ends with a number.',
    });
  });
});

describe('growth', () => {
  test('the_last_word_of_a_name_is_the_x_value', () => {
    expect(xOf('a b 12')).toEqual({ curve: 'a b', x: 12 });
    expect(xOf('a 0.5')).toEqual({ curve: 'a', x: 0.5 });
    for (const name of ['a growth', '12', 'a b12', '']) expect(xOf(name)).toBeUndefined();
  });

  test('the_exponent_is_that_of_the_upper_half', () => {
    const points = (f: (x: number) => number) => [1000, 1, 100, 10].map((x) => ({ x, y: f(x) }));
    expect(growthOf(points(() => 5))).toBeCloseTo(0);
    expect(growthOf(points((x) => 3 * x))).toBeCloseTo(1);
    expect(growthOf(points((x) => x ** 1.5))).toBeCloseTo(1.5);
    expect(growthOf(points((x) => (x < 100 ? 1 : x)))).toBeCloseTo(1);
    expect(
      growthOf([
        { x: 1, y: 1 },
        { x: 2, y: 2 },
      ]),
    ).toBeCloseTo(1);
  });

  test('scale_joins_programs_into_curves_and_fits_each', async () => {
    const one = scripted([{ samples: { lithe: 10 } }, { samples: { lithe: 100 } }], curve('thing:', [1, 10]));
    const other = scripted([{ samples: { lithe: 7 } }], curve('other:', [1]));
    const more = scripted([{ samples: { lithe: 7 } }], curve('other:', [8]));
    const all = joined([one.instrument, other.instrument, more.instrument]);
    expect(all.measurements.map(({ name }) => name)).toEqual([
      'thing 1',
      'thing 10',
      'other 1',
      'other 8',
      'thing growth',
      'other growth',
    ]);
    const samples = [];
    for (const each of all.measurements) samples.push((await all.round(each, 0)).samples.lithe);
    expect(samples.slice(0, 4)).toEqual([10, 100, 7, 7]);
    expect(samples[4]).toBeCloseTo(1);
    expect(samples[5]).toBeCloseTo(0);
    expect(one.asked.map((asked) => asked.measurement)).toEqual(['thing:1', 'thing:10']);
    await all.close();
    expect([one, other, more].map((script) => script.closed())).toEqual([1, 1, 1]);
  });
});
