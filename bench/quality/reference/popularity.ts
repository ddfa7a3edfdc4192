import { best } from './best.ts';

/** Events per item, of all time or of a window up to the moment of asking. */
export class WindowPopularity {
  readonly #windowMs: number | null;
  readonly #counts: Float64Array;
  readonly #all: readonly number[];
  readonly #times: number[] = [];
  readonly #items: number[] = [];
  #first = 0;

  constructor(windowMs: number | null, items: number) {
    this.#windowMs = windowMs;
    this.#counts = new Float64Array(items);
    this.#all = Array.from({ length: items }, (_, item) => item);
  }

  add(item: number, atMs: number): void {
    this.#counts[item] = (this.#counts[item] as number) + 1;
    if (this.#windowMs === null) return;
    this.#times.push(atMs);
    this.#items.push(item);
  }

  top(atMs: number, count: number, banned: ReadonlySet<number>): number[] {
    if (this.#windowMs !== null) this.#forgetBefore(atMs - this.#windowMs);
    return best({ values: this.#counts, touched: this.#all as number[] }, count, banned);
  }

  #forgetBefore(sinceMs: number): void {
    while (this.#first < this.#times.length && (this.#times[this.#first] as number) < sinceMs) {
      const item = this.#items[this.#first] as number;
      this.#counts[item] = (this.#counts[item] as number) - 1;
      this.#first += 1;
    }
  }
}
