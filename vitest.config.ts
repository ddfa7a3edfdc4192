import { defineConfig } from 'vitest/config';

const everywhere = { exclude: ['**/node_modules/**', '.freshet/**', 'dist/**'] };

export default defineConfig({
  test: {
    reporters: ['default', './test/support/count-reporter.ts'],
    projects: [
      {
        test: {
          ...everywhere,
          name: 'unit',
          // Properties search for a while, and a loaded machine is no fault of theirs.
          testTimeout: 30_000,
          // No network and no clock: beside the code, and the contracts between services.
          include: [
            '{bench,cli,experiments,lib,models,retrieval,schemas,services,stack,topics}/**/*.test.ts',
            'test/contract/**/*.test.ts',
            'test/*.test.ts',
          ],
        },
      },
      {
        test: {
          ...everywhere,
          name: 'stack',
          include: ['test/integration/**/*.test.ts', 'test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/stack-setup.ts'],
          // Real brokers and processes on two cores: one file at a time, generous limits.
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
