import type { Item } from '../schemas/generated/item.ts';
import { Interned } from './interned.ts';

/** Longer than anything that a rule compares with, so that what is cut differs from it all the same. */
const valueCharsMax = 256;

/** Of each item the attributes that some rule names, and no others. */
export class ItemAttributes {
  readonly names: readonly string[];
  readonly #items = new Map<string, readonly (string | undefined)[]>();
  readonly #values = new Interned();
  /** The one found last: rules ask for one item after another. */
  #foundId: string | null = null;
  #found: readonly (string | undefined)[] | undefined;

  constructor(names: readonly string[]) {
    this.names = names;
  }

  take(itemId: string, item: Item | null): void {
    this.#foundId = null;
    const before = this.#items.get(itemId);
    const values = this.names.map((name) => valueOf(item, name));
    if (values.some((value) => value !== undefined))
      this.#items.set(
        itemId,
        values.map((value) => (value === undefined ? undefined : this.#values.take(value))),
      );
    else this.#items.delete(itemId);
    for (const value of before ?? []) if (value !== undefined) this.#values.release(value);
  }

  /** Undefined: the item is not known, or has no such attribute, or nobody asked for it. */
  of(itemId: string, name: string): string | undefined {
    if (itemId !== this.#foundId) {
      this.#foundId = itemId;
      this.#found = this.#items.get(itemId);
    }
    return this.#found?.[this.names.indexOf(name)];
  }
}

const valueOf = (item: Item | null, name: string): string | undefined =>
  item !== null && Object.hasOwn(item.attributes, name)
    ? item.attributes[name]?.slice(0, valueCharsMax)
    : undefined;
