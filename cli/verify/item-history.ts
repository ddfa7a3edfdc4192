import type { CommonConfig } from '../../lib/config/common.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import type { Item } from '../../schemas/generated/item.ts';
import { items } from '../../topics/items.ts';
import { topicName } from '../../topics/topic.ts';
import { openDecoder } from '../data/topic-values.ts';
import { type Ends, endsOf } from './ends.ts';

export type Availability = 'yes' | 'no' | 'unknown';

interface Version {
  readonly partition: number;
  readonly offset: number;
  /** Null: withdrawn. */
  readonly item: { readonly fromMs: number; readonly untilMs: number } | null;
}

/** Items at every revision that the compacted topic still has. */
export class ItemHistory {
  readonly #versions = new Map<string, Version[]>();
  /** Per partition, the first offset that compaction took away: what was there is not known. */
  readonly #complete: number[] = [];

  static async read(config: CommonConfig, ends: Ends): Promise<ItemHistory> {
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
        const { available_from: from, available_until: until } = decoded.value;
        const item = { fromMs: from ?? -Infinity, untilMs: until ?? Infinity };
        own.#put(key.toString(), { partition, offset, item });
      }
    }
    return own;
  }

  #put(itemId: string, version: Version): void {
    const versions = this.#versions.get(itemId);
    if (versions === undefined) this.#versions.set(itemId, [version]);
    else versions.push(version);
  }

  /** Whether the item was known and available at a revision and a time. */
  available(
    itemId: string,
    { itemOffsets, judgedAtMs }: { itemOffsets: readonly number[]; judgedAtMs: number },
  ): Availability {
    const versions = this.#versions.get(itemId) ?? [];
    const known = versions.filter(
      ({ partition, offset }) => offset < (itemOffsets[partition] ?? 0),
    );
    const newest = known.at(-1);
    if (newest === undefined) return this.#isComplete(itemOffsets) ? 'no' : 'unknown';
    if (newest.item === null) return 'no';
    return newest.item.fromMs <= judgedAtMs && judgedAtMs < newest.item.untilMs ? 'yes' : 'no';
  }

  #isComplete(itemOffsets: readonly number[]): boolean {
    return itemOffsets.every(
      (offset, partition) => (this.#complete[partition] ?? offset) >= offset,
    );
  }
}
