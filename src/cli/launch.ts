import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

/** Signals that are meant for the program when they reach us. */
const forwarded: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'];
/** Signals that the keyboard sends to everybody in the foreground, the program included. */
const fromKeyboard: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
/** Signals whose default leaves a core file: repeated here, they would put ours in place of the program's. */
const dumping: readonly NodeJS.Signals[] = [
  'SIGQUIT',
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGSEGV',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGSYS',
];

/**
 * Runs a program with our stdin, stdout and stderr, passes signals on to it, and makes this process end as it ends: with its
 * status, by its signal, or with 127 when it is not found and 126 when it cannot be started.
 *
 * @param atEnd called when it has ended, before this process does
 */
export function launch(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  atEnd: () => void,
): Promise<void> {
  return new Promise((resolve) => {
    const pass = (signal: NodeJS.Signals): void => {
      if (!(fromKeyboard.includes(signal) && isInForeground())) child.kill(signal);
    };
    // First: a signal that came in between would end this process alone. Handlers run from the event loop, so later.
    for (const signal of forwarded) process.on(signal, pass);
    const child = spawn(program, args, { env, stdio: 'inherit' });
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return; // a signal that could not be sent
      console.error(`harts: ${program} cannot be started: ${explain(error)}`);
      process.exitCode = error.code === 'ENOENT' ? 127 : 126;
      atEnd();
      for (const signal of forwarded) process.off(signal, pass);
      resolve();
    });
    child.on('exit', (code, signal) => {
      atEnd();
      for (const each of forwarded) process.off(each, pass);
      process.exitCode = signal === null ? (code ?? 0) : 128 + constants.signals[signal];
      if (signal !== null) endBy(program, signal);
      resolve();
    });
  });
}

function explain(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'there is no such program.';
  if (error.code === 'EACCES') return 'it is not executable.';
  return `${error.message}.`;
}

/** Whether this process is in the foreground of its terminal. */
function isInForeground(): boolean {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  // After the name: state, parent, process group, session, terminal, the terminal's foreground group.
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return group === foreground;
}

/** Ends this process by `signal`, or says which it was when that would leave a core file. */
function endBy(program: string, signal: NodeJS.Signals): void {
  if (dumping.includes(signal)) {
    console.error(`harts: ${program} was ended by ${signal}`);
    return;
  }
  process.kill(process.pid, signal);
  setTimeout(() => {}, 1000); // until it arrives; if it does not, the exit code says the same
}
