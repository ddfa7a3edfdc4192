import type { Item } from '../schemas/generated/item.ts';
import { Interned, Shared } from './interned.ts';
import type { ItemAttributes } from './item-attributes.ts';
import { TermIndex, type TermIndexOptions } from './term-index.ts';

/** What rules and categories need of an item: titles and attributes stay on the topic. */
interface KnownItem {
  /** By which name others have it too; null: it is this item's own. */
  readonly sharedAs: string | null;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly categories: readonly string[];
}

export interface ItemTableOptions {
  /** Kept for models that need to know what items are about; left out: no such model, no cost. */
  readonly terms?: TermIndexOptions | undefined;
}

/** Of one item; an item in more of them is not found in the rest. */
const categoriesMax = 256;
const none: readonly string[] = [];

/** The items that are known, in memory. A withdrawn item is an unknown one. */
export class ItemTable {
  readonly #items = new Map<string, KnownItem>();
  readonly #names = new Interned();
  /** Without dates there is one per set of categories: a look-up touches little memory then. */
  readonly #undated = new Shared<KnownItem>();
  /** The one found last: the rules of a context ask for one item after another. */
  #foundId: string | null = null;
  #found: KnownItem | undefined;
  readonly #own: TermIndex | null;
  #lent: TermIndex | null = null;
  #attributes: { readonly table: ItemAttributes; offsets(): readonly number[] } | null = null;

  constructor({ terms }: ItemTableOptions = {}) {
    this.#own = terms === undefined ? null : new TermIndex(terms);
  }

  /** What items are about; null where nobody asked for it. */
  get terms(): TermIndex | null {
    return this.#own ?? this.#lent;
  }

  /** Terms that somebody else keeps, of the same topic: for a table that had to begin without. */
  lend(terms: TermIndex | null): void {
    this.#lent = terms;
  }

  /** The same for attributes that rules name. `offsets`: the item revision that they are of. */
  lendAttributes(table: ItemAttributes | null, offsets: () => readonly number[]): void {
    this.#attributes = table === null ? null : { table, offsets };
  }

  /** The revision that attributes are of; null: none are known. */
  attributeOffsets(): readonly number[] | null {
    return this.#attributes?.offsets() ?? null;
  }

  knowsAttributes(names: readonly string[]): boolean {
    return names.every((name) => this.#attributes?.table.names.includes(name) ?? false);
  }

  /** Undefined: the item is not known, or has no such attribute. */
  attributeOf(itemId: string, name: string): string | undefined {
    return this.#attributes?.table.of(itemId, name);
  }

  get size(): number {
    return this.#items.size;
  }

  /** `arrivedAtMs`: how new an item is that does not say from when it is available. */
  take(itemId: string, item: Item | null, arrivedAtMs = Number.MAX_SAFE_INTEGER): void {
    this.#foundId = null;
    const before = this.#items.get(itemId);
    if (item === null) this.#items.delete(itemId);
    else this.#items.set(itemId, this.#known(item));
    this.#own?.take(itemId, item, arrivedAtMs);
    if (before !== undefined) this.#release(before);
  }

  /** Known, and from `available_from` until before `available_until`. */
  available(itemId: string, atMs: number): boolean {
    const item = this.#find(itemId);
    return item !== undefined && item.fromMs <= atMs && atMs < item.untilMs;
  }

  /** Known, and past `available_until`: it will not come back by itself. */
  over(itemId: string, atMs: number): boolean {
    return (this.#find(itemId)?.untilMs ?? Number.POSITIVE_INFINITY) <= atMs;
  }

  inCategory(itemId: string, category: string): boolean {
    return this.#find(itemId)?.categories.includes(category) ?? false;
  }

  categoriesOf(itemId: string): readonly string[] {
    return this.#find(itemId)?.categories ?? none;
  }

  #find(itemId: string): KnownItem | undefined {
    if (itemId === this.#foundId) return this.#found;
    this.#foundId = itemId;
    return (this.#found = this.#items.get(itemId));
  }

  #known({ available_from: from, available_until: until, categories }: Item): KnownItem {
    const sharedAs =
      from === null && until === null ? JSON.stringify(categories.slice(0, categoriesMax)) : null;
    const make = (): KnownItem => ({
      sharedAs,
      fromMs: from ?? Number.NEGATIVE_INFINITY,
      untilMs: until ?? Number.POSITIVE_INFINITY,
      categories: this.#sharedNames(categories),
    });
    return sharedAs === null ? make() : this.#undated.take(sharedAs, make);
  }

  #release({ sharedAs, categories }: KnownItem): void {
    if (sharedAs !== null && !this.#undated.release(sharedAs)) return;
    for (const name of categories) this.#names.release(name);
  }

  #sharedNames(categories: readonly string[]): readonly string[] {
    if (categories.length === 0) return none;
    return categories.slice(0, categoriesMax).map((name) => this.#names.take(name));
  }
}
