import { allOrNone } from '../../lib/all-or-none.ts';
import { TopicDecoder } from '../../lib/avro/decoder.ts';
import type { RegistryPort } from '../../lib/avro/registry.ts';
import { type DecodedTable, followDecoded } from '../../lib/kafka/decoded-table.ts';
import type { ServiceContext } from '../../lib/service.ts';
import { Catalogue } from '../../models/catalogue.ts';
import { ItemTable } from '../../models/item-table.ts';
import { kinds } from '../../models/kinds.ts';
import { type Item, itemSchema } from '../../schemas/generated/item.ts';
import { followDefinitions, type FollowedDefinitions } from '../../topics/follow-definitions.ts';
import { items as itemsTopic } from '../../topics/items.ts';
import { topicName } from '../../topics/topic.ts';
import { ServedModels } from './models.ts';

/** Definitions and items in memory, fed by their compacted topics. */
export interface Knowledge {
  readonly catalogue: Catalogue;
  readonly models: ServedModels;
  readonly items: ItemTable;
  /** The item revision that is in memory at this moment. */
  itemOffsets(): readonly number[];
  /** Null when everything that stood on the topics at the start is in memory. */
  ready(): string | null;
  healthy(): string | null;
  stop(): Promise<void>;
}

export const followKnowledge = async (
  context: ServiceContext,
  registry: RegistryPort,
): Promise<Knowledge> => {
  const { config, log, metrics, onFatal } = context;
  const catalogue = new Catalogue(kinds);
  const models = new ServedModels(kinds);
  const items = new ItemTable();
  const clientId = clientIdOf(context);
  const [definitions, ofItems] = await allOrNone<[FollowedDefinitions, DecodedTable]>([
    followDefinitions({
      config,
      clientId,
      registry,
      catalogue,
      onChange: () => models.follow(catalogue.models),
      onRefused: ({ thing: topic }, reason) =>
        metrics.add('freshet_definitions_refused_total', { topic, reason }),
      log,
      onFatal,
    }),
    followItems(context, registry, items),
  ]);
  return {
    catalogue,
    models,
    items,
    itemOffsets: ofItems.offsets,
    ready: () => {
      if (definitions.isReady() && ofItems.isReady()) return null;
      const missing = [...definitions.reading(), ...(ofItems.isReady() ? [] : ['items'])];
      return `reading ${missing.join(', ')}`;
    },
    healthy: () => definitions.healthy() ?? ofItems.healthy(),
    stop: async () => void (await Promise.all([definitions.stop(), ofItems.stop()])),
  };
};

const clientIdOf = ({ config }: ServiceContext): string => `${config.kafka.clientId}.serving`;

const followItems = (
  context: ServiceContext,
  registry: RegistryPort,
  items: ItemTable,
): Promise<DecodedTable> => {
  const { config, log, metrics, onFatal } = context;
  const topic = topicName(config.prefix, itemsTopic);
  return followDecoded<Item>({
    kafka: { ...config.kafka, clientId: clientIdOf(context) },
    topic,
    decoder: new TopicDecoder({
      registry,
      subject: `${topic}-value`,
      schema: itemSchema,
      valueBytesMax: itemsTopic.messageBytesMax,
    }),
    onValue: (key, item) => items.take(key, item),
    onUnusable: ({ partition, offset }, reason) => {
      metrics.add('freshet_definitions_refused_total', { topic: itemsTopic.thing, reason });
      log.warn({ topic, partition, offset, reason }, 'an item cannot be read');
    },
    onFatal,
  });
};
