import { TopicDecoder } from '../../lib/avro/decoder.ts';
import type { RegistryPort } from '../../lib/avro/registry.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import type { ServiceContext } from '../../lib/service.ts';
import { Catalogue, type Taken } from '../../models/catalogue.ts';
import { kinds } from '../../models/kinds.ts';
import { type Definition, definitionSchema } from '../../schemas/generated/definition.ts';
import { type Item, itemSchema } from '../../schemas/generated/item.ts';
import { contexts } from '../../topics/contexts.ts';
import { items as itemsTopic } from '../../topics/items.ts';
import { models as modelsTopic } from '../../topics/models.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { type DecodedTable, followDecoded } from './decoded-table.ts';
import { ItemTable } from './items.ts';
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

interface Followed {
  readonly catalogue: Catalogue;
  readonly models: ServedModels;
  readonly items: ItemTable;
}

export const followKnowledge = async (
  context: ServiceContext,
  registry: RegistryPort,
): Promise<Knowledge> => {
  const catalogue = new Catalogue(kinds);
  const known: Followed = { catalogue, models: new ServedModels(kinds), items: new ItemTable() };
  const tables = await allOrNone([
    follow<Definition>(context, registry, {
      topic: modelsTopic,
      schema: definitionSchema,
      onValue: (key, value) => {
        said(context, 'models', { key, taken: catalogue.takeModel(key, value) });
        known.models.follow(catalogue.models);
      },
    }),
    follow<Definition>(context, registry, {
      topic: contexts,
      schema: definitionSchema,
      onValue: (key, value) =>
        said(context, 'contexts', { key, taken: catalogue.takeContext(key, value) }),
    }),
    follow<Item>(context, registry, {
      topic: itemsTopic,
      schema: itemSchema,
      onValue: (key, value) => known.items.take(key, value),
    }),
  ]);
  return knowledgeOf(known, tables);
};

/** Where one cannot be followed, the others are let go. */
const allOrNone = async (
  starting: readonly [Promise<DecodedTable>, Promise<DecodedTable>, Promise<DecodedTable>],
): Promise<[DecodedTable, DecodedTable, DecodedTable]> => {
  try {
    return await Promise.all(starting);
  } catch (error) {
    for (const outcome of await Promise.allSettled(starting))
      if (outcome.status === 'fulfilled') await outcome.value.stop();
    throw error;
  }
};

const knowledgeOf = (
  known: Followed,
  tables: readonly [DecodedTable, DecodedTable, DecodedTable],
): Knowledge => {
  const [ofModels, ofContexts, ofItems] = tables;
  return {
    ...known,
    itemOffsets: ofItems.offsets,
    ready: () => {
      const missing = [
        ...(ofModels.isReady() ? [] : ['models']),
        ...(ofContexts.isReady() ? [] : ['contexts']),
        ...(ofItems.isReady() ? [] : ['items']),
      ];
      return missing.length === 0 ? null : `reading ${missing.join(', ')}`;
    },
    healthy: () => tables.map((table) => table.healthy()).find((why) => why !== null) ?? null,
    stop: async () => void (await Promise.all(tables.map((table) => table.stop()))),
  };
};

const follow = <T>(
  context: ServiceContext,
  registry: RegistryPort,
  of: {
    readonly topic: Topic;
    readonly schema: object;
    readonly onValue: (key: string, value: T | null) => void;
  },
): Promise<DecodedTable> => {
  const { config, log, metrics, onFatal } = context;
  const topic = topicName(config.prefix, of.topic);
  return followDecoded<T>({
    kafka: { ...config.kafka, clientId: `${config.kafka.clientId}.serving` },
    topic,
    decoder: new TopicDecoder<T>({
      registry,
      subject: `${topic}-value`,
      schema: of.schema,
      valueBytesMax: of.topic.messageBytesMax,
    }),
    onValue: of.onValue,
    onUnusable: (record: LogRecord, reason) => {
      metrics.add('freshet_definitions_refused_total', { topic: of.topic.thing, reason });
      const { partition, offset } = record;
      log.warn({ topic, partition, offset, reason }, 'a record cannot be used and is passed over');
    },
    onFatal,
  });
};

/** A definition that cannot be used is somebody's mistake: say which and why. */
const said = (
  { log, metrics }: ServiceContext,
  topic: string,
  { key, taken }: { readonly key: string; readonly taken: Taken },
): void => {
  if (taken.kind !== 'unusable') return;
  metrics.add('freshet_definitions_refused_total', { topic, reason: 'unusable' });
  log.warn({ topic, key, faults: taken.faults }, 'a definition cannot be used');
};
