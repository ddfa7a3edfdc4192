import type { CommonConfig } from '../../lib/config/common.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { ItemAttributes } from '../../models/item-attributes.ts';
import { ItemTable } from '../../models/item-table.ts';
import type { Item } from '../../schemas/generated/item.ts';
import { items as itemsTopic } from '../../topics/items.ts';
import { topicName } from '../../topics/topic.ts';
import { openDecoder } from '../data/topic-values.ts';

/** Items as their topic stands now. */
export interface KnownItems {
  readonly table: ItemTable;
  readonly titles: ReadonlyMap<string, string>;
  /** Next offset per partition: the item revision. */
  readonly offsets: readonly number[];
  /** When the newest record was appended; null: there is none. */
  readonly newestAtMs: number | null;
}

export interface ItemsAsked {
  /** A model asks what items are about. */
  readonly terms: boolean;
  /** Rules look at these. */
  readonly attributes: readonly string[];
}

export async function readItems(config: CommonConfig, asked: ItemsAsked): Promise<KnownItems> {
  const table = new ItemTable(asked.terms ? { terms: {} } : {});
  const attributes = new ItemAttributes(asked.attributes);
  table.lendAttributes(attributes, () => offsets);
  const titles = new Map<string, string>();
  const offsets = Array.from({ length: config.partitions }, () => 0);
  let newestAtMs: number | null = null;
  const decoder = openDecoder<Item>(config, itemsTopic);
  const topic = topicName(config.prefix, itemsTopic);
  for await (const records of readLog({ kafka: config.kafka, topic })) {
    await decoder.prepare(records.map(({ value }) => value));
    for (const { key, value, partition, offset, timestampMs } of records) {
      offsets[partition] = offset + 1;
      newestAtMs = Math.max(newestAtMs ?? 0, timestampMs);
      if (key === null) continue;
      const decoded = value === null ? null : decoder.decode(value);
      // What cannot be read leaves what was known, as in serving.
      if (decoded?.ok === false) continue;
      const id = key.toString();
      table.take(id, decoded?.value ?? null, timestampMs);
      attributes.take(id, decoded?.value ?? null);
      if (decoded === null) titles.delete(id);
      else titles.set(id, decoded.value.title);
    }
  }
  return { table, titles, offsets, newestAtMs };
}
