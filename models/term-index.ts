import type { Item } from '../schemas/generated/item.ts';
import { termsMax, termsOf } from './item-terms.ts';

export interface TermIndexOptions {
  /** Items that a term leads to: the newest. */
  readonly postingsMax?: number | undefined;
}

/**
 * Items by their terms. Items and terms have small numbers, used again once they are free, so that
 * what is kept is bounded by the items there are: of each its id, 105 bytes and 8 per posting; of
 * each term that some item has, its name and a list. A list holds the newest of its term's items: up
 * to `postingsMax` as they come, at least half as many after withdrawals.
 */
export class TermIndex {
  readonly #postingsMax: number;
  readonly #numberOf = new Map<string, number>();
  readonly #ids: string[] = [];
  readonly #freeItems: number[] = [];
  #newAtMs = new Float64Array(16);
  #counts = new Uint8Array(16);
  #terms = new Uint32Array(16 * termsMax);
  #scratch = new Float64Array(0);
  readonly #termNumberOf = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #freeTerms: number[] = [];
  /** Items that have the term, also those that its postings have no room for. */
  readonly #holders: number[] = [];
  /** Oldest first. */
  readonly #postings: number[][] = [];
  #termsTotal = 0;

  constructor(options: TermIndexOptions = {}) {
    this.#postingsMax = options.postingsMax ?? 2_000;
  }

  /** Items that have terms. */
  get size(): number {
    return this.#numberOf.size;
  }

  /** Terms that some item has. */
  get distinctTerms(): number {
    return this.#termNumberOf.size;
  }

  /** Of an item, on average. */
  get meanTerms(): number {
    return this.size === 0 ? 0 : this.#termsTotal / this.size;
  }

  /**
   * An item is as new as it says by `available_from`, and no newer than its arrival: one announced
   * for a far future must not stand before all others until then.
   */
  take(itemId: string, item: Item | null, arrivedAtMs: number): void {
    if (item === null) this.remove(itemId);
    else this.put(itemId, termsOf(item), Math.min(item.available_from ?? arrivedAtMs, arrivedAtMs));
  }

  /** `terms` are distinct, at most `termsMax`; an item without any is not kept. */
  put(itemId: string, terms: readonly string[], newAtMs: number): void {
    this.remove(itemId);
    if (terms.length === 0) return;
    const item = this.#freeItems.pop() ?? this.#ids.length;
    if (item >= this.#counts.length) this.#grow();
    this.#numberOf.set(itemId, item);
    this.#ids[item] = itemId;
    this.#newAtMs[item] = newAtMs;
    this.#counts[item] = terms.length;
    this.#termsTotal += terms.length;
    for (const [at, name] of terms.entries()) {
      const term = this.#termNamed(name);
      this.#terms[item * termsMax + at] = term;
      this.#holders[term] = (this.#holders[term] as number) + 1;
      this.#post(term, item);
    }
  }

  remove(itemId: string): void {
    const item = this.#numberOf.get(itemId);
    if (item === undefined) return;
    const terms = this.termsOf(item).slice();
    this.#counts[item] = 0;
    this.#termsTotal -= terms.length;
    for (const term of terms) {
      this.#holders[term] = (this.#holders[term] as number) - 1;
      this.#takeOut(term, item);
    }
    this.#numberOf.delete(itemId);
    this.#ids[item] = '';
    this.#freeItems.push(item);
  }

  numberOf(itemId: string): number | undefined {
    return this.#numberOf.get(itemId);
  }

  idOf(item: number): string {
    return this.#ids[item] as string;
  }

  /** A view: to be used before the index changes. */
  termsOf(item: number): Uint32Array {
    const start = item * termsMax;
    return this.#terms.subarray(start, start + (this.#counts[item] as number));
  }

  countOf(item: number): number {
    return this.#counts[item] as number;
  }

  nameOf(term: number): string {
    return this.#names[term] as string;
  }

  holdersOf(term: number): number {
    return this.#holders[term] as number;
  }

  /** The newest that have the term, oldest first. */
  postingsOf(term: number): readonly number[] {
    return this.#postings[term] as number[];
  }

  /** How rare a term is; never 0. */
  idf(term: number): number {
    return Math.log(1 + this.size / (this.#holders[term] as number));
  }

  /** Above 0 where `a` is newer than `b`; a total order. */
  compare(a: number, b: number): number {
    const between = (this.#newAtMs[a] as number) - (this.#newAtMs[b] as number);
    if (between !== 0) return between;
    return (this.#ids[a] as string) < (this.#ids[b] as string) ? 1 : -1;
  }

  /** A number per item, all 0: whoever writes there clears it again in the same turn. */
  scratch(): Float64Array {
    if (this.#scratch.length < this.#counts.length)
      this.#scratch = new Float64Array(this.#counts.length);
    return this.#scratch;
  }

  #grow(): void {
    const length = this.#counts.length * 2;
    const [counts, newAtMs, terms] = [this.#counts, this.#newAtMs, this.#terms];
    this.#counts = new Uint8Array(length);
    this.#counts.set(counts);
    this.#newAtMs = new Float64Array(length);
    this.#newAtMs.set(newAtMs);
    this.#terms = new Uint32Array(length * termsMax);
    this.#terms.set(terms);
  }

  #termNamed(name: string): number {
    const known = this.#termNumberOf.get(name);
    if (known !== undefined) return known;
    const term = this.#freeTerms.pop() ?? this.#names.length;
    // A copy: a word cut out of a title would keep the whole title alive.
    const copy = Buffer.from(name).toString();
    this.#termNumberOf.set(copy, term);
    this.#names[term] = copy;
    this.#holders[term] = 0;
    this.#postings[term] = [];
    return term;
  }

  /** Where the item stands, or would stand. */
  #placeIn(list: readonly number[], item: number): number {
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = list[middle] as number;
      if (other !== item && this.compare(other, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #post(term: number, item: number): void {
    const list = this.#postings[term] as number[];
    // A literal takes the room of one, the first push that of seventeen: most terms are rare.
    if (list.length === 0) {
      this.#postings[term] = [item];
      return;
    }
    const at = this.#placeIn(list, item);
    const others = (this.#holders[term] as number) - 1;
    // Older than all that are there: so may be others, newer than this one, that had no room.
    if (at === 0 && (list.length >= this.#postingsMax || others > list.length)) return;
    if (at === list.length) list.push(item);
    else list.splice(at, 0, item);
    if (list.length > this.#postingsMax) list.shift();
  }

  #takeOut(term: number, item: number): void {
    const holders = this.#holders[term] as number;
    if (holders === 0) {
      this.#termNumberOf.delete(this.#names[term] as string);
      this.#names[term] = '';
      this.#postings[term] = [];
      this.#freeTerms.push(term);
      return;
    }
    const list = this.#postings[term] as number[];
    const at = this.#placeIn(list, item);
    if (list[at] !== item) return;
    list.splice(at, 1);
    if (list.length < holders && list.length < this.#postingsMax / 2) this.#refill(term);
  }

  /** Makes room good that withdrawn items left; seldom, because it looks at every item. */
  #refill(term: number): void {
    const found: number[] = [];
    for (const item of this.#numberOf.values()) {
      const start = item * termsMax;
      const end = start + (this.#counts[item] as number);
      for (let at = start; at < end; at++) if (this.#terms[at] === term) found.push(item);
    }
    found.sort((a, b) => this.compare(a, b));
    this.#postings[term] = found.slice(-this.#postingsMax);
  }
}
