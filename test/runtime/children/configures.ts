// Sets the options of argv[2], JSON, after the first use of the runtime if argv[3] is there, and prints the outcome.
import { runtime } from '../../../src/runtime/index.js';

const outcome: Record<string, unknown> = { stats: runtime.stats().harts };

function attempt(name: string, action: () => unknown): void {
  try {
    outcome[name] = action();
  } catch (error) {
    outcome[name] = (error as { code?: string }).code ?? String(error);
  }
}

const [, , options, late] = process.argv;
if (late !== undefined) runtime.topology();
if (options !== undefined) attempt('configure', () => runtime.configure(JSON.parse(options)));
attempt('harts', () => runtime.harts);
attempt('all', () => runtime.topology().harts);
console.log(JSON.stringify(outcome));
