import { expect, test } from 'vitest';
import { openProgram } from '../../bench/harness/native_program.js';
import { measurement } from './support.js';

/** A program that answers each line with what the function body makes of it. */
function program(body: string): string[] {
  const source = `
    const describe = () => JSON.stringify(${JSON.stringify({ facts: { harts: '2' }, measurements: [measurement()] })});
    const lines = require('node:readline').createInterface({ input: process.stdin });
    lines.on('line', (line) => { ${body} });`;
  return [process.execPath, '-e', source];
}

const obedient = `
  if (line === 'describe') console.log(describe());
  else console.log(JSON.stringify({ samples: { ours: Number(line.split(' ')[2]), theirs: null }, probes: [50, 60] }));`;

test('measurements_and_rounds_come_from_the_program', async () => {
  const instrument = await openProgram(program(obedient));
  expect(instrument.facts).toMatchObject({ harts: '2', priority: expect.stringMatching(/^(raised|normal)$/) });
  expect(instrument.measurements).toEqual([measurement()]);
  expect(await instrument.round(measurement(), 7)).toEqual({ samples: { ours: 7, theirs: null }, probes: [50, 60] });
  await instrument.close();
});

test.each([
  ['an_answer_that_is_an_error', `console.log('{"error":"no such thing"}')`, 'no such thing'],
  ['an_answer_that_is_not_json', `console.log('hello')`, 'not JSON: hello'],
  ['a_program_that_ends', `console.error('out of memory'); process.exit(3)`, /exit code 3.\nout of/],
  ['a_program_that_is_killed', `process.kill(process.pid, 'SIGKILL')`, 'SIGKILL'],
])('%s_fails_the_benchmark_and_says_why', async (_, body, message) => {
  await expect(openProgram(program(body))).rejects.toThrow(message);
});

test('a_program_that_does_not_answer_is_ended_at_the_deadline', async () => {
  await expect(openProgram(program(''), { deadlineMs: 300 })).rejects.toThrow('did not answer "describe" within 0.3 s');
});

test('a_program_that_does_not_exist_fails_the_benchmark', async () => {
  await expect(openProgram(['/nonexistent/context_bench'])).rejects.toThrow('cannot be started');
});
