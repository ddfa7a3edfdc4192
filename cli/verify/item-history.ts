import type { CommonConfig } from '../../lib/config/common.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import type { Item } from '../../schemas/generated/item.ts';
import { items } from '../../topics/items.ts';
import { topicName } from '../../topics/topic.ts';
import { openDecoder } from '../data/topic-values.ts';
import { type Ends, endsOf } from './ends.ts';

export type Availability = 'yes' | 'no' | 'unknown';

/** What rules may look at, as far as some rule does. */
export interface ItemThen {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Per attribute its values: categories may be several. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

interface Version {
  readonly partition: number;
  readonly offset: number;
  /** Null: withdrawn. */
  readonly item: ItemThen | null;
}

export interface ReadHistory {
  readonly ends: Ends;
  /** Attributes that rules look at; 'category' stands for categories. */
  readonly attributes: readonly string[];
}

/** Items at every revision that the compacted topic still has. */
export class ItemHistory {
  readonly #versions = new Map<string, Version[]>();
  /** Per partition, the first offset that compaction took away: what was there is not known. */
  readonly #complete: number[] = [];

  static async read(config: CommonConfig, { ends, attributes }: ReadHistory): Promise<ItemHistory> {
    const own = new ItemHistory();
    const decoder = openDecoder<Item>(config, items);
    const topic = topicName(config.prefix, items);
    const to = endsOf(ends, config, items).high;
    const next: number[] = [];
    for await (const records of readLog({ kafka: config.kafka, topic, to })) {
      await decoder.prepare(records.map(({ value }) => value));
      for (const { partition, offset, key, value } of records) {
        if (offset > (next[partition] ?? 0)) own.#complete[partition] ??= next[partition] ?? 0;
        next[partition] = offset + 1;
        if (key === null) continue;
        if (value === null) {
          own.#put(key.toString(), { partition, offset, item: null });
          continue;
        }
        const decoded = decoder.decode(value);
        if (!decoded.ok) continue;
        own.#put(key.toString(), { partition, offset, item: thenOf(decoded.value, attributes) });
      }
    }
    return own;
  }

  #put(itemId: string, version: Version): void {
    const versions = this.#versions.get(itemId);
    if (versions === undefined) this.#versions.set(itemId, [version]);
    else versions.push(version);
  }

  /** The item at a revision; null: it was not there; undefined: that is not known any more. */
  at(itemId: string, itemOffsets: readonly number[]): ItemThen | null | undefined {
    const newest = this.#versions
      .get(itemId)
      ?.findLast(({ partition, offset }) => offset < (itemOffsets[partition] ?? 0));
    if (newest === undefined) return this.#isComplete(itemOffsets) ? null : undefined;
    return newest.item;
  }

  /** Whether the item was known and available at a revision and a time. */
  available(
    itemId: string,
    { itemOffsets, judgedAtMs }: { itemOffsets: readonly number[]; judgedAtMs: number },
  ): Availability {
    const item = this.at(itemId, itemOffsets);
    if (item === undefined) return 'unknown';
    if (item === null) return 'no';
    return item.fromMs <= judgedAtMs && judgedAtMs < item.untilMs ? 'yes' : 'no';
  }

  #isComplete(itemOffsets: readonly number[]): boolean {
    return itemOffsets.every(
      (offset, partition) => (this.#complete[partition] ?? offset) >= offset,
    );
  }
}

const thenOf = (item: Item, attributes: readonly string[]): ItemThen => ({
  fromMs: item.available_from ?? -Infinity,
  untilMs: item.available_until ?? Infinity,
  values: new Map(
    attributes.map((name) => {
      if (name === 'category') return [name, item.categories];
      const value = item.attributes[name];
      return [name, value === undefined ? [] : [value]];
    }),
  ),
});
