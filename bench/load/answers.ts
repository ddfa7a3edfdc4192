import { build } from 'hdr-histogram-js';

import type { Figures } from './jobs.ts';

const microsecondsMax = 120_000_000;

/** Times of answers, from the moment at which each request was due, over several rounds. */
export class Answers {
  readonly #histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: microsecondsMax,
    numberOfSignificantValueDigits: 3,
  });
  #round = 0;
  #startMs = 0;
  #rate = 1;
  #counts = false;
  #seen = new Uint8Array(0);
  #left = 0;
  #sent = 0;
  #missing = 0;
  #complete: () => void = () => undefined;

  begin(round: { startMs: number; rate: number; count: number; counts: boolean }): void {
    this.#round += 1;
    this.#startMs = round.startMs;
    this.#rate = round.rate;
    this.#counts = round.counts;
    this.#seen = new Uint8Array(round.count);
    this.#left = round.count;
    if (round.counts) this.#sent += round.count;
  }

  nameOf(n: number): string {
    return `${this.#round}-${n}`;
  }

  /** The first answer to a request counts; those of earlier rounds do not. */
  take(name: string, atMs: number): void {
    const [round, n] = name.split('-').map(Number);
    if (round !== this.#round || n === undefined || this.#seen[n] !== 0) return;
    this.#seen[n] = 1;
    this.#left -= 1;
    if (this.#counts) {
      const dueMs = this.#startMs + (n * 1_000) / this.#rate;
      const microseconds = Math.max(1, Math.round((atMs - dueMs) * 1_000));
      this.#histogram.recordValue(Math.min(microsecondsMax, microseconds));
    }
    if (this.#left === 0) this.#complete();
  }

  /** Resolves when every request of the round is answered, or after a while without. */
  async complete(msMax: number): Promise<void> {
    if (this.#left > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, msMax);
        this.#complete = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    if (this.#counts) this.#missing += this.#left;
  }

  forget(): void {
    this.#histogram.reset();
    this.#sent = 0;
    this.#missing = 0;
  }

  figures(): Figures {
    const ms = (microseconds: number): number => Math.round(microseconds / 10) / 100;
    return {
      sent: this.#sent,
      missing: this.#missing,
      p50_ms: ms(this.#histogram.getValueAtPercentile(50)),
      p99_ms: ms(this.#histogram.getValueAtPercentile(99)),
      max_ms: ms(this.#histogram.maxValue),
    };
  }
}
