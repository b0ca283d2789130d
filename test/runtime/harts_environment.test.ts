import { availableParallelism } from 'node:os';
import { expect, it } from 'vitest';
import { runChild } from '../support/child.js';

const results = new URL('children/results.ts', import.meta.url);
const configures = new URL('children/configures.ts', import.meta.url);

it('gives the same bits for any number of harts', async () => {
  const settings = [{}, { HARTS: '1' }, { HARTS_VIRTUAL: '16' }, { HARTS_VIRTUAL: '3' }];
  const outcomes = await Promise.all(
    settings.map(async (env) => {
      const { code, stdout, stderr } = await runChild(results, { env });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return JSON.parse(stdout);
    }),
  );
  expect(outcomes.map(({ native }) => native)).toEqual([true, true, true, true]);
  expect(outcomes.slice(1).map(({ harts }) => harts)).toEqual([1, 16, 3]);
  expect(outcomes.map(({ virtual }) => virtual)).toEqual([false, false, true, true]);
  expect(new Set(outcomes.map(({ hash }) => hash)).size).toBe(1);
  expect(outcomes.map(({ count }) => count)).toEqual([300, 300, 300, 300]);
});

const machine = availableParallelism();

it.concurrent.each([
  { name: 'HARTS that is no number', env: { HARTS: 'many' }, output: { harts: 'ERR_HARTS_TOPOLOGY' } },
  { name: 'an option', options: { harts: 1 }, output: { harts: 1, all: machine, stats: 0 } },
  { name: 'an option above HARTS', options: { harts: 5 }, env: { HARTS: '1' }, output: { harts: 1, all: 1, stats: 0 } },
  { name: 'an option above the machine', options: { harts: 4096 }, output: { harts: machine, stats: 0 } },
  { name: 'an option that comes late', options: { harts: 1 }, late: true, output: { harts: 1, all: machine } },
  { name: 'an option that is no count', options: { harts: 0 }, output: { configure: 'ERR_HARTS_OPTION' } },
  { name: 'an option that is no number', options: { harts: '2' }, output: { configure: 'ERR_HARTS_OPTION' } },
])('limits the harts by $name', async ({ options, late, env, output }) => {
  const args = options === undefined ? [] : [JSON.stringify(options), ...(late ? ['late'] : [])];
  const result = await runChild(configures, { args, env: env as NodeJS.ProcessEnv });
  expect(result.stderr).toBe('');
  expect(JSON.parse(result.stdout)).toMatchObject(output);
});

it.concurrent.each([
  { preempt: true, code: undefined },
  { preempt: 2, code: undefined },
  { preempt: false, code: undefined },
  { preempt: 1.9, code: 'ERR_HARTS_OPTION' },
  { preempt: 60_001, code: 'ERR_HARTS_OPTION' },
  { preempt: 'yes', code: 'ERR_HARTS_OPTION' },
  { preempt: true, env: { HARTS_MONITOR: '0' }, code: 'ERR_HARTS_NO_MONITOR' },
])('takes or refuses a quantum: $preempt $env', async ({ preempt, env, code }) => {
  const result = await runChild(configures, { args: [JSON.stringify({ preempt })], env: env as NodeJS.ProcessEnv });
  expect(result.stderr).toBe('');
  expect(JSON.parse(result.stdout).configure).toBe(code);
});

it('names a variable that is no number of harts when a job is run, and starts nothing', async () => {
  const { code, stderr } = await runChild(results, { env: { HARTS: '0' } });
  expect(code).not.toBe(0);
  expect(stderr).toContain('ERR_HARTS_TOPOLOGY');
  expect(stderr).toContain('HARTS=0 is not a number of harts');
});
