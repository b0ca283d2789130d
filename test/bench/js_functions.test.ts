import { expect, test } from 'vitest';
import { jsFunctions } from '../../bench/harness/js_functions.js';
import { record } from '../../bench/harness/rounds.js';

test('functions_of_this_process_are_timed_per_operation_and_unavailable_ones_are_left_alone', async () => {
  let sum = 0;
  const work = (turns: number) => () => {
    for (let i = 0; i < turns; i += 1) sum += Math.sqrt(i);
  };
  const instrument = jsFunctions([
    {
      name: 'sum',
      what: 'adding roots',
      baseline: 'short',
      operations: 1000,
      contenders: [
        { name: 'short', what: 'as many as said', run: work(1_000) },
        { name: 'long', what: 'fifty times as many', run: work(50_000) },
        { name: 'absent', what: '', unavailable: 'not here', run: () => expect.unreachable() },
      ],
    },
  ]);
  const [recording] = await record(instrument, { rounds: 2, warmUp: 1 });
  for (const { samples } of recording!.rounds) {
    expect(Object.keys(samples).sort()).toEqual(['long', 'short']);
    expect(samples.short).toBeGreaterThan(0);
    expect(samples.long).toBeGreaterThan(samples.short! * 2);
  }
  expect(sum).toBeGreaterThan(0);
});
