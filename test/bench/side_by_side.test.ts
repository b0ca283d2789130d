import { expect, test } from 'vitest';
import { BenchError } from '../../bench/harness/errors.js';
import type { Instrument, Measurement } from '../../bench/harness/instrument.js';
import { sideBySide, type Variant } from '../../bench/harness/side_by_side.js';

interface Fake {
  readonly asked: string[];
  readonly closed: string[];
}

function variant(name: string, sample: number, fake: Fake, measurements = ['speed 1', 'speed 2']): Variant {
  const instrument: Instrument = {
    facts: { from: name },
    measurements: measurements.map((of) => ({
      name: of,
      what: '',
      unit: 'ns',
      baseline: 'ours',
      synchronisation: false,
      contenders: [{ name: 'ours', what: '' }],
    })),
    async round(measurement: Measurement) {
      fake.asked.push(`${name} ${measurement.name}`);
      return { samples: { ours: sample } };
    },
    async close() {
      fake.closed.push(name);
    },
  };
  return { contender: { name, what: `as ${name}` }, open: async () => instrument };
}

test('processes become contenders, and each round asks all of them in turn', async () => {
  const fake: Fake = { asked: [], closed: [] };
  const instrument = await sideBySide([variant('a', 1, fake), variant('b', 2, fake), variant('c', 3, fake)]);
  expect(instrument.measurements.map(({ name, baseline }) => `${name} ${baseline}`)).toEqual([
    'speed 1 a',
    'speed 2 a',
  ]);
  expect(instrument.measurements[0]!.contenders.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  expect(await instrument.round(instrument.measurements[1]!, 4)).toEqual({ samples: { a: 1, b: 2, c: 3 } });
  expect(fake.asked).toEqual(['b speed 2', 'c speed 2', 'a speed 2']);
  await instrument.close();
  expect(fake.closed).toEqual(['a', 'b', 'c']);
});

test('processes that measure different things are closed, and the odd one is named', async () => {
  const fake: Fake = { asked: [], closed: [] };
  const opening = sideBySide([variant('a', 1, fake), variant('b', 2, fake, ['speed 1'])]);
  await expect(opening).rejects.toThrow(new BenchError('"b" measures other things.'));
  expect(fake.closed).toEqual(['a', 'b']);
});

test('when one does not start, those that did are closed', async () => {
  const fake: Fake = { asked: [], closed: [] };
  const broken: Variant = {
    contender: { name: 'b', what: '' },
    open: async () => {
      throw new BenchError('no such program');
    },
  };
  await expect(sideBySide([variant('a', 1, fake), broken])).rejects.toThrow('no such program');
  expect(fake.closed).toEqual(['a']);
});
