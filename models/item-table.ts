import type { Item } from '../schemas/generated/item.ts';

/** What rules and categories need of an item: titles and attributes stay on the topic. */
interface KnownItem {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly categories: readonly string[];
}

const none: readonly string[] = [];

/** The items that are known, in memory. A withdrawn item is an unknown one. */
export class ItemTable {
  readonly #items = new Map<string, KnownItem>();
  /** One copy per name: a million items share a few hundred categories. */
  readonly #names = new Map<string, string>();

  get size(): number {
    return this.#items.size;
  }

  take(itemId: string, item: Item | null): void {
    if (item === null) {
      this.#items.delete(itemId);
      return;
    }
    this.#items.set(itemId, {
      fromMs: item.available_from ?? Number.NEGATIVE_INFINITY,
      untilMs: item.available_until ?? Number.POSITIVE_INFINITY,
      categories:
        item.categories.length === 0 ? none : item.categories.map((name) => this.#shared(name)),
    });
  }

  /** Known, and from `available_from` until before `available_until`. */
  available(itemId: string, atMs: number): boolean {
    const item = this.#items.get(itemId);
    return item !== undefined && item.fromMs <= atMs && atMs < item.untilMs;
  }

  inCategory(itemId: string, category: string): boolean {
    return this.#items.get(itemId)?.categories.includes(category) ?? false;
  }

  #shared(name: string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    this.#names.set(name, name);
    return name;
  }
}
