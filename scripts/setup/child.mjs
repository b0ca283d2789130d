import { spawn } from 'node:child_process';

/**
 * @typedef {object} ChildResult
 * @property {number | null} code      exit status, null when a signal ended it
 * @property {NodeJS.Signals | null} signal
 * @property {boolean} timedOut        the deadline ended it
 * @property {string} output           stdout and stderr together, the last `keep` characters
 *
 * @typedef {object} ChildOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {string} [input]          goes to stdin, which is empty otherwise
 * @property {number} [deadlineMs]     after this the whole process group is killed
 * @property {boolean} [echo]          also pass the output on as it comes
 * @property {(line: string) => void} [onLine]
 * @property {number} [keep]
 */

const exitCodes = /** @type {const} */ ({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 });
/** @type {Set<number>} process groups that must not outlive this process */
const groups = new Set();

/** @param {NodeJS.Signals} signal @param {number} group */
function killGroup(group, signal) {
  try {
    process.kill(-group, signal);
  } catch {
    // It ended by itself in between.
  }
}

/** @param {keyof typeof exitCodes} signal */
function onSignal(signal) {
  for (const group of groups) killGroup(group, 'SIGTERM');
  process.exit(exitCodes[signal]);
}

/** @param {number} group */
function enlist(group) {
  if (groups.size === 0) for (const signal of signals) process.on(signal, onSignal);
  groups.add(group);
}

/** @param {number} group */
function discharge(group) {
  groups.delete(group);
  if (groups.size === 0) for (const signal of signals) process.off(signal, onSignal);
}
const signals = /** @type {(keyof typeof exitCodes)[]} */ (Object.keys(exitCodes));

/**
 * Runs a program in a process group of its own, so that a deadline or a signal to us ends all that it started.
 * Never throws for what the program does: a program that cannot be started gives code 127 and says so in `output`.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {ChildOptions} [options]
 * @returns {Promise<ChildResult>}
 */
export function runChild(command, args, options = {}) {
  const { cwd, env = process.env, input, deadlineMs, echo = false, onLine, keep = 256 * 1024 } = options;
  return new Promise((resolve) => {
    let output = '';
    let partial = '';
    let timedOut = false;
    let finished = false;
    /** @type {NodeJS.Timeout | undefined} */
    let lingering;
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    const group = child.pid;
    if (group !== undefined) enlist(group);
    const timer =
      deadlineMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            if (group !== undefined) killGroup(group, 'SIGKILL');
          }, deadlineMs);

    /** @param {NodeJS.WriteStream} sink @returns {(chunk: string) => void} */
    const receive = (sink) => (chunk) => {
      if (echo) sink.write(chunk);
      output = (output + chunk).slice(-keep);
      if (onLine === undefined) return;
      const lines = (partial + chunk).split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    };
    child.stdout.setEncoding('utf8').on('data', receive(process.stdout));
    child.stderr.setEncoding('utf8').on('data', receive(process.stderr));
    child.stdin.on('error', () => {}); // The program need not read its input.
    child.stdin.end(input ?? '');

    /** @param {number | null} code @param {NodeJS.Signals | null} signal */
    const finish = (code, signal) => {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      clearTimeout(lingering);
      if (group !== undefined) discharge(group);
      resolve({ code, signal, timedOut, output });
    };
    child.on('error', (error) => {
      output += `${command}: ${error.message}\n`;
      if (group === undefined) finish(127, null);
    });
    child.on('close', finish);
    // Its output may be held open by something that it left behind; the program itself has ended all the same.
    child.on('exit', (code, signal) => {
      lingering = setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        finish(code, signal);
      }, 2000);
    });
  });
}

/**
 * The end of a program's output, for a message that says why it failed.
 *
 * @param {string} output
 * @param {number} [lines]
 */
export function tail(output, lines = 40) {
  return output.trimEnd().split('\n').slice(-lines).join('\n');
}

/**
 * The beginning of a program's output, for programs that end their errors with a page of usage.
 *
 * @param {string} output
 * @param {number} [lines]
 */
export function head(output, lines = 15) {
  return output.trimEnd().split('\n').slice(0, lines).join('\n');
}
