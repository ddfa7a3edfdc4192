import { TopicDecoder } from '../lib/avro/decoder.ts';
import type { RegistryPort } from '../lib/avro/registry.ts';
import type { CommonConfig } from '../lib/config/common.ts';
import { type DecodedTable, followDecoded } from '../lib/kafka/decoded-table.ts';
import type { followTable } from '../lib/kafka/table.ts';
import type { Logger } from '../lib/telemetry/log.ts';
import { type Item, itemSchema } from '../schemas/generated/item.ts';
import { items as itemsTopic } from './items.ts';
import { topicName } from './topic.ts';

/** What items are told to: the part of a table that a follower needs. */
export interface ItemTaker {
  /** `item` is null where it was withdrawn; `appendedAtMs`: when the broker took the record. */
  take(itemId: string, item: Item | null, appendedAtMs: number): void;
}

export interface FollowItemsOptions {
  readonly config: Pick<CommonConfig, 'prefix' | 'kafka'>;
  readonly clientId: string;
  readonly registry: RegistryPort;
  readonly items: ItemTaker;
  /** A record that cannot be used was left out; it has been logged. */
  readonly onRefused?: ((reason: string) => void) | undefined;
  readonly log: Pick<Logger, 'warn'>;
  readonly onFatal: (error: Error) => void;
  /** For tests: where the records come from. */
  readonly follow?: typeof followTable | undefined;
}

/** Follows the topic `items` from its beginning into a table. */
export const followItems = (options: FollowItemsOptions): Promise<DecodedTable> => {
  const { config, clientId, registry, items, log, onRefused, onFatal, follow } = options;
  const topic = topicName(config.prefix, itemsTopic);
  return followDecoded<Item>({
    kafka: { ...config.kafka, clientId },
    topic,
    decoder: new TopicDecoder({
      registry,
      subject: `${topic}-value`,
      schema: itemSchema,
      valueBytesMax: itemsTopic.messageBytesMax,
    }),
    onValue: (key, item, appendedAtMs) => items.take(key, item, appendedAtMs),
    onUnusable: ({ partition, offset }, reason) => {
      log.warn({ topic, partition, offset, reason }, 'an item cannot be read');
      onRefused?.(reason);
    },
    onFatal,
    follow,
  });
};
