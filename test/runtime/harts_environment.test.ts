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

it.concurrent.each([
  { name: 'HARTS that is no number', env: { HARTS: 'many' }, output: { topology: 'ERR_HARTS_TOPOLOGY' } },
  { name: 'an option in time', args: ['1'], output: { topology: 1, stats: 0 } },
  { name: 'an option above HARTS', args: ['5'], env: { HARTS: '1' }, output: { topology: 1, stats: 0 } },
  { name: 'an option above the machine', args: ['4096'], output: { topology: availableParallelism(), stats: 0 } },
  { name: 'an option that comes late', args: ['1', 'late'], output: { configure: 'ERR_HARTS_STARTED' } },
  { name: 'an option that is no count', args: ['0'], output: { configure: 'ERR_HARTS_OPTION' } },
])('limits the harts by $name', async ({ args, env, output }) => {
  const result = await runChild(configures, { args, env: env as NodeJS.ProcessEnv });
  expect(result.stderr).toBe('');
  expect(JSON.parse(result.stdout)).toMatchObject(output);
});

it('names a variable that is no number of harts when a job is run, and starts nothing', async () => {
  const { code, stderr } = await runChild(results, { env: { HARTS: '0' } });
  expect(code).not.toBe(0);
  expect(stderr).toContain('ERR_HARTS_TOPOLOGY');
  expect(stderr).toContain('HARTS=0 is not a number of harts');
});
