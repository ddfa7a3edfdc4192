import type { CommonConfig } from '../../lib/config/common.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import type { Item } from '../../schemas/generated/item.ts';
import { items } from '../../topics/items.ts';
import { topicName } from '../../topics/topic.ts';
import { openDecoder } from './topic-values.ts';

/** Title by item id, as the topic stands now; items without a title are left out. */
export async function readTitles(config: CommonConfig): Promise<Map<string, string>> {
  const titles = new Map<string, string>();
  const decoder = openDecoder<Item>(config, items);
  for await (const records of readLog({
    kafka: config.kafka,
    topic: topicName(config.prefix, items),
  })) {
    await decoder.prepare(records.map(({ value }) => value));
    for (const { key, value } of records) {
      const decoded = value === null ? null : decoder.decode(value);
      if (decoded === null) titles.delete(key?.toString() ?? '');
      else if (decoded.ok) titles.set(decoded.value.item_id, decoded.value.title);
    }
  }
  return titles;
}
