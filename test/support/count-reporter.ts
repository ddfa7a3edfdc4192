import type { Reporter, TestModule } from 'vitest/node';

/** Prints "N passed, N failed" as the last line, whatever other reporters say. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0;
    // An unhandled error after a passed test is counted by no other reporter.
    let failed = errors.length;
    for (const module of modules) {
      let own = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        if (state === 'failed') own += 1;
      }
      // A file that does not load has no tests: it counts as one failure.
      failed += own === 0 && module.state() === 'failed' ? 1 : own;
    }
    process.on('exit', () => console.log(`${passed} passed, ${failed} failed`));
  }
}
