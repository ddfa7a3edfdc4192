import { ItemsWhenNeeded, type ItemsWhenNeededOptions } from './items-when-needed.ts';
import type { ItemTaker } from './follow-items.ts';

export interface AttributesWhenNeededOptions<T>
  extends Omit<ItemsWhenNeededOptions<T>, 'make' | 'onTable'> {
  /** An empty table of these attributes. */
  readonly make: (names: readonly string[]) => T;
  /** The table, and the item revision that it is of. Null: none is needed. */
  readonly onTable: (table: T | null, offsets: () => readonly number[]) => void;
}

interface Kept<T extends ItemTaker> {
  readonly names: string;
  readonly items: ItemsWhenNeeded<T>;
}

const noOffsets = (): readonly number[] => [];

/**
 * Keeps attributes of items in memory while some rule names them. Where others are named, the topic
 * is read once more from its beginning, and what was known stays in use until that is complete.
 */
export class AttributesWhenNeeded<T extends ItemTaker> {
  readonly #options: AttributesWhenNeededOptions<T>;
  #kept: Kept<T> | null = null;
  #next: Kept<T> | null = null;
  #stopped: Promise<unknown> = Promise.resolve();

  constructor(options: AttributesWhenNeededOptions<T>) {
    this.#options = options;
  }

  need(names: readonly string[]): void {
    const sorted = names.toSorted();
    const wanted = JSON.stringify(sorted);
    if (wanted === (this.#next ?? this.#kept)?.names) return;
    if (this.#next !== null) this.#drop(this.#next);
    this.#next = null;
    if (wanted === this.#kept?.names) return;
    if (sorted.length > 0) this.#next = this.#begin(sorted);
    else if (this.#kept !== null) {
      this.#drop(this.#kept);
      this.#kept = null;
      this.#options.onTable(null, noOffsets);
    }
  }

  /** Null where all that is needed is known. */
  ready(): string | null {
    return (this.#next ?? this.#kept)?.items.ready() ?? null;
  }

  healthy(): string | null {
    return this.#kept?.items.healthy() ?? this.#next?.items.healthy() ?? null;
  }

  async stop(): Promise<void> {
    for (const one of [this.#kept, this.#next]) if (one !== null) this.#drop(one);
    await this.#stopped;
  }

  #begin(names: readonly string[]): Kept<T> {
    const own: Kept<T> = {
      names: JSON.stringify(names),
      items: new ItemsWhenNeeded({
        ...this.#options,
        make: () => this.#options.make(names),
        onTable: (table, offsets) => {
          if (table !== null && this.#next === own) this.#swap(own, table, offsets);
        },
      }),
    };
    own.items.need(true);
    return own;
  }

  #swap(own: Kept<T>, table: T, offsets: () => readonly number[]): void {
    const before = this.#kept;
    this.#kept = own;
    this.#next = null;
    this.#options.onTable(table, offsets);
    if (before !== null) this.#drop(before);
  }

  #drop({ items }: Kept<T>): void {
    this.#stopped = Promise.all([this.#stopped, items.stop()]);
  }
}
