import { defineConfig } from 'vitest/config';

const exclude = ['**/node_modules/**', '.freshet/**', 'dist/**'];
const everywhere = { exclude };
// These replace a module, or look at their own process.
const alone = ['lib/kafka/group-consumer.test.ts', 'bench/cpu.test.ts'];

export default defineConfig({
  test: {
    reporters: ['default', './test/support/count-reporter.ts'],
    projects: [
      {
        test: {
          exclude: [...exclude, ...alone],
          name: 'unit',
          sequence: { groupOrder: 1 },
          // Files share the modules that they import: half of the time went into loading them.
          isolate: false,
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
        test: { ...everywhere, name: 'unit, alone', include: alone, sequence: { groupOrder: 1 } },
      },
      {
        test: {
          ...everywhere,
          name: 'simulation',
          // Takes both cores for a minute or two: before the others, and not in `npm run check`.
          include: ['test/simulation/**/*.test.ts'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...everywhere,
          name: 'stack',
          sequence: { groupOrder: 1 },
          include: ['test/{integration,e2e,faults}/**/*.test.ts'],
          globalSetup: ['test/support/stack-setup.ts'],
          // Real brokers and processes on two cores: one file at a time, generous limits. Two at once
          // take a quarter less in all, and up to four times as long each.
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
