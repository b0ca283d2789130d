import { expect, it } from 'vitest';
import { runChild } from '../support/child.js';

const script = new URL('children/exits.ts', import.meta.url);

it.concurrent.each([
  ['process.exit', { code: 7, signal: null }, 'running\n'],
  ['an uncaught error', { code: 1, signal: null }, 'running\n'],
  ['SIGTERM', { code: null, signal: 'SIGTERM' }, 'running\n'],
  ['worker.terminate', { code: 0, signal: null }, 'jobs active: 0\n'],
  ['a worker that calls process.exit', { code: 0, signal: null }, 'worker ended\n'],
  ['a worker that throws', { code: 0, signal: null }, 'worker error: nobody catches this\nworker ended\n'],
  ['process.exit with a worker', { code: 7, signal: null }, ''],
  ['the end of the event loop, with nothing running', { code: 0, signal: null }, 'job ended\n'],
])('the process ends cleanly by %s in the middle of a job', async (way, ending, stdout) => {
  const result = await runChild(script, { args: [way] });
  expect({ stdout: result.stdout, stderr: way === 'an uncaught error' ? '' : result.stderr, ...ending }).toEqual({
    stdout,
    stderr: '',
    code: result.code,
    signal: result.signal,
  });
});
