import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // One process per file: a test file that starts the native runtime must not share its harts with another.
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    coverage: {
      // v8 leaves the source text of functions alone; istanbul's counters would end up inside compiled kernels.
      provider: 'v8',
      include: ['src/**', 'specializers/**', 'examples/**'],
    },
  },
});
