import { openRegistry } from '../../lib/avro/registry.ts';
import { type CommonConfig, commonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { ItemTable } from '../../models/item-table.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import type { Item } from '../../schemas/generated/item.ts';
import { interactionsInput } from '../../topics/interactions-input.ts';
import { interactions as interactionsTopic } from '../../topics/interactions.ts';
import { items as itemsTopic } from '../../topics/items.ts';
import { openInteractions } from '../../topics/open-interactions.ts';
import { forgetType, isReserved } from '../../topics/reserved-types.ts';
import { topicName } from '../../topics/topic.ts';
import { RowFaults } from '../data/faults.ts';
import { openDecoder } from '../data/topic-values.ts';
import type { EvaluationData } from './data.ts';
import { EventTableBuilder } from './event-table.ts';

/** Of event time, each end included; undefined: all that there is. */
export interface TimeRange {
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

/** What the topics `interactions` and `items` of the installation hold. */
export async function readTopic(
  range: TimeRange,
  config: CommonConfig = commonConfig(),
): Promise<EvaluationData> {
  const builder = new EventTableBuilder();
  const faults = new RowFaults();
  const { sinceMs = -Infinity, untilMs = Infinity } = range;
  const onForgotten = (userId: string): void => builder.forget(userId);
  for await (const events of interactionsOf(config, faults, onForgotten))
    for (const { user_id: userId, item_id: itemId, type, occurred_at: atMs } of events)
      if (atMs >= sinceMs && atMs <= untilMs) builder.add({ userId, itemId, type, atMs });
  const file = topicName(config.prefix, interactionsTopic);
  const table = builder.table('interactions');
  if (table.length === 0) throw new UserError(`${file} has no events in this range`);
  return { table, ...(await readItems(config)), faults, file };
}

/**
 * Every act that the services fold, once, each partition in order. `onForgotten` is called where a
 * user is to be forgotten of whom all acts so far have been handed over.
 */
export async function* interactionsOf(
  config: CommonConfig,
  faults: RowFaults,
  onForgotten: (userId: string) => void,
): AsyncGenerator<readonly Interaction[]> {
  const source = await openInteractions(config, openRegistry(config.registry));
  const input = interactionsInput(source);
  // The topic may have a record twice: what is not above its source's last position is passed by.
  const marks = new Map<number, number>();
  for await (const records of readLog({ kafka: config.kafka, topic: source.topic })) {
    await input.prepare(records);
    let events: Interaction[] = [];
    for (const record of records) {
      const decoded = input.decode(record);
      if (!('units' in decoded)) {
        faults.add(record.offset, `cannot be decoded (partition ${record.partition})`);
        continue;
      }
      for (const { input: event, position } of decoded.units) {
        if (position === null || position.lineage !== source.lineage) continue;
        // One partition of the topic takes from all of its source, each in order.
        const mark = position.partition * partitionsMax + record.partition;
        if (position.offset <= (marks.get(mark) ?? -1)) continue;
        marks.set(mark, position.offset);
        if (!isReserved(event.type)) events.push(event);
        if (event.type !== forgetType) continue;
        yield events;
        events = [];
        onForgotten(event.user_id);
      }
    }
    yield events;
  }
}

/** More than any topic has. */
const partitionsMax = 1_000_000;

export async function readItems(
  config: CommonConfig,
): Promise<Pick<EvaluationData, 'items' | 'categories'>> {
  const decoder = openDecoder<Item>(config, itemsTopic);
  const items = new ItemTable({ terms: {} });
  const categories = new Map<string, ReadonlySet<string>>();
  const log = readLog({ kafka: config.kafka, topic: topicName(config.prefix, itemsTopic) });
  for await (const records of log) {
    await decoder.prepare(records.map(({ value }) => value));
    for (const { key, value } of records) {
      const decoded = value === null ? null : decoder.decode(value);
      if (key === null || decoded?.ok === false) continue;
      const id = key.toString();
      items.take(id, decoded?.value ?? null);
      categories.set(id, new Set(decoded?.value.categories));
    }
  }
  const known = [...categories].filter(([, names]) => names.size > 0);
  return { items: items.size > 0 ? items : null, categories: new Map(known) };
}
