// npm run test:openmp: the conformance suite of our libgomp.so.1 alone, on 1, 2 and 16 (virtual) harts and under both
// sanitizers, and the comparison of what it exports with the system's library.
//
// The last line is `N passed, M failed`; the exit code is 1 when anything failed.
import { createProgress } from './setup/progress.mjs';
import { root } from './setup/setup.mjs';
import { runScript } from './setup/setup_error.mjs';
import { ensureSystemPackages } from './setup/system_packages.mjs';
import { commandLine } from './test/command_line.mjs';
import { native } from './test/native.mjs';
import { compareExports } from './test/openmp_exports.mjs';

const all = ['-sf=*schedulers/openmp/*'];
/** The cases that run in this process; the others start processes with variables of their own. */
const inside = [...all, '-tce=openmp process*,places*,affinity*'];

const parts = [
  { name: 'exports', run: compareExports },
  { name: '1 hart', run: native('plain', { args: inside, env: { HARTS: '1' } }) },
  { name: '2 harts', run: native('plain', { args: inside, env: { HARTS_VIRTUAL: '2' } }) },
  { name: '16 harts', run: native('plain', { args: inside, env: { HARTS_VIRTUAL: '16' } }) },
  { name: 'processes', run: native('plain', { args: [...all, '-tc=openmp process*,places*,affinity*'] }) },
  { name: 'asan', run: native('asan', { args: inside }) },
  { name: 'tsan', run: native('tsan', { args: inside }) },
];

await runScript(async () => {
  commandLine({});
  const progress = createProgress();
  await ensureSystemPackages(['build', 'test'], progress);
  let passed = 0;
  let failed = 0;
  for (const { name, run } of parts) {
    const outcome = await run({ root, progress });
    console.log(`${name}: ${outcome.passed} passed, ${outcome.failed} failed`);
    passed += outcome.passed;
    failed += outcome.failed;
  }
  console.log(`\n${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
});
