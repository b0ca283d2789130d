import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export interface ChildResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Runs a TypeScript program in a process of its own. A child that is not over after `deadline` ms is killed and shows
 * up as signal SIGKILL.
 */
export function runChild(
  script: URL,
  { args = [], env = {}, deadline = 60_000 }: { args?: string[]; env?: NodeJS.ProcessEnv; deadline?: number } = {},
): Promise<ChildResult> {
  const program = compile(fileURLToPath(script), new Set());
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: deadline,
      killSignal: 'SIGKILL',
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/**
 * Strips the types from `file` and everything that it imports, into the same tree below build/test-children, so that
 * children start as plain JS. Returns the path of the program.
 */
function compile(file: string, seen: Set<string>): string {
  const output = join(root, 'build', 'test-children', relative(root, file)).replace(/\.ts$/, '.js');
  if (seen.has(file)) return output;
  seen.add(file);
  const source = readFileSync(file, 'utf8');
  for (const { fileName } of ts.preProcessFile(source, true, false).importedFiles) {
    const imported = join(dirname(file), fileName.replace(/\.js$/, '.ts'));
    if (fileName.startsWith('.') && existsSync(imported)) compile(imported, seen);
  }
  if (existsSync(output) && statSync(output).mtimeMs > statSync(file).mtimeMs) return output;
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
    inlineSourceMap: true,
  };
  const { outputText } = ts.transpileModule(source, { compilerOptions, fileName: file });
  mkdirSync(dirname(output), { recursive: true });
  // Test files run at the same time: each sees a whole file or none.
  const unfinished = `${output}.${process.pid}`;
  writeFileSync(unfinished, outputText);
  renameSync(unfinished, output);
  return output;
}
