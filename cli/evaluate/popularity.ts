/** Events per item so far, and where an item stands among the known ones by that number. */
export class Popularity {
  readonly #events = new Map<number, number>();
  /** Known items by number of events; and how many have fewer, as of the last look. */
  readonly #itemsWith: number[] = [];
  #fewer: Float64Array | null = null;
  #all = 0;

  add(item: number): void {
    const before = this.#events.get(item) ?? 0;
    this.#events.set(item, before + 1);
    if (before > 0) this.#itemsWith[before] = (this.#itemsWith[before] ?? 0) - 1;
    this.#itemsWith[before + 1] = (this.#itemsWith[before + 1] ?? 0) + 1;
    this.#all += 1;
    this.#fewer = null;
  }

  get items(): number {
    return this.#events.size;
  }

  /** -log2 of the item's share of all events; an item without events counts as with one. */
  bits(item: number): number {
    return Math.log2(this.#all / Math.max(1, this.#events.get(item) ?? 0));
  }

  /** Share of known items with fewer events. */
  percentile(item: number): number {
    this.#fewer ??= this.#countFewer();
    const events = this.#events.get(item) ?? 0;
    return this.items === 0 ? 0 : (this.#fewer[events] ?? 0) / this.items;
  }

  #countFewer(): Float64Array {
    const fewer = new Float64Array(this.#itemsWith.length + 1);
    for (let events = 1; events < fewer.length; events++)
      fewer[events] = (fewer[events - 1] as number) + (this.#itemsWith[events - 1] ?? 0);
    return fewer;
  }
}
