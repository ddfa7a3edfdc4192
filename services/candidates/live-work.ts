/** A while after a slice in which the next is likely. */
const quietMs = 200;

/** Slices of live records, which go before whatever is done in the background. */
export class LiveWork {
  readonly #clockMs: () => number;
  readonly #waiting = new Set<() => void>();
  #working = 0;
  #lastMs = -Infinity;

  constructor(clockMs: () => number) {
    this.#clockMs = clockMs;
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#working += 1;
    try {
      return await work();
    } finally {
      this.#working -= 1;
      this.#lastMs = this.#clockMs();
      if (this.#working === 0) {
        for (const wake of this.#waiting) wake();
        this.#waiting.clear();
      }
    }
  }

  isBusy(): boolean {
    return this.#working > 0 || this.#clockMs() - this.#lastMs < quietMs;
  }

  /** Resolves between two slices; where there is no gap, after a while. */
  async gap(waitMsMax: number): Promise<void> {
    if (this.#working === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, waitMsMax);
    this.#waiting.add(resolve);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(resolve);
  }
}
