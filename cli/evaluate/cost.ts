import { monotonicMs } from '../../lib/clock.ts';

/** How often something was done, and what it took in all. */
export class Cost {
  times = 0;
  ms = 0;

  /** Does it, and counts it. */
  of<T>(work: () => T): T {
    const startedMs = monotonicMs();
    const result = work();
    this.ms += monotonicMs() - startedMs;
    this.times += 1;
    return result;
  }

  usEach(): number {
    return this.times === 0 ? 0 : (1000 * this.ms) / this.times;
  }
}
