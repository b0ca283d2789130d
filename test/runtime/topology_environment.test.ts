import { expect, it } from 'vitest';
import { runChild } from '../support/child.js';

const topology = new URL('children/topology.ts', import.meta.url);
const results = new URL('children/results.ts', import.meta.url);

async function topologyWith(env: NodeJS.ProcessEnv): Promise<Record<string, unknown>> {
  const unset = { HARTS: '', HARTS_VIRTUAL: '', HARTS_SMT: '', HARTS_TOPOLOGY: '' };
  const { stdout, stderr } = await runChild(topology, { env: { ...unset, ...env } });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

const tree = 'package:2 l3:2 core:2 pu:2';

it.concurrent.each([
  {
    name: 'a description',
    env: { HARTS_TOPOLOGY: tree },
    says: { harts: 16, pus: 16, machinePus: 16, virtual: true, synthetic: true, pinned: false, smt: 2, smtUsed: true },
  },
  {
    name: 'a description without SMT',
    env: { HARTS_TOPOLOGY: tree, HARTS_SMT: 'off' },
    says: { harts: 8, pus: 16, virtual: true, synthetic: true, smt: 2, smtUsed: false },
  },
  { name: 'a part of a description', env: { HARTS_TOPOLOGY: tree, HARTS: '3' }, says: { harts: 3, synthetic: true } },
  {
    name: 'virtual harts on this machine',
    env: { HARTS_VIRTUAL: '999' },
    says: { virtual: true, synthetic: false, pinned: false },
  },
  { name: 'this machine without SMT', env: { HARTS_SMT: 'off' }, says: { smtUsed: false, synthetic: false } },
])('topology tells of $name', async ({ env, says }) => {
  expect(await topologyWith(env)).toMatchObject(says);
});

it('places of a description are where it says', async () => {
  const { places } = (await topologyWith({ HARTS_TOPOLOGY: tree })) as { places: unknown[] };
  expect(places[0]).toEqual({ pu: 0, core: 0, l2: -1, l3: 0, numa: 0, package: 0 });
  expect(places[15]).toEqual({ pu: 15, core: 7, l2: -1, l3: 3, numa: 0, package: 1 });
});

it.concurrent.each([
  { variable: 'HARTS_TOPOLOGY', value: 'core:2 node', because: 'is not a synthetic topology that hwloc understands' },
  { variable: 'HARTS_TOPOLOGY', value: 'pu:5000', because: 'describes more than 4096 PUs' },
  { variable: 'HARTS_SMT', value: 'maybe', because: 'is neither on nor off' },
])('a bad $variable ($value) is named', async ({ variable, value, because }) => {
  expect(await topologyWith({ [variable]: value })).toEqual({
    code: 'ERR_HARTS_TOPOLOGY',
    message: expect.stringContaining(`${variable}=${value} ${because}`),
  });
});

it('a job runs on harts of a described machine', async () => {
  const { code, stdout, stderr } = await runChild(results, { env: { HARTS_TOPOLOGY: tree } });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ native: true, harts: 16, virtual: true });
});
