import { allOrNone } from '../../lib/all-or-none.ts';
import { Experiments } from '../../experiments/catalogue.ts';
import { takerOfAll } from '../../experiments/taker.ts';
import type { RegistryPort } from '../../lib/avro/registry.ts';
import type { DecodedTable } from '../../lib/kafka/decoded-table.ts';
import type { ServiceContext } from '../../lib/service.ts';
import { Catalogue } from '../../models/catalogue.ts';
import { ItemAttributes } from '../../models/item-attributes.ts';
import { ItemTable } from '../../models/item-table.ts';
import { kinds } from '../../models/kinds.ts';
import { itemAttributesOf } from '../../models/rules.ts';
import { TermIndex } from '../../models/term-index.ts';
import { AttributesWhenNeeded } from '../../topics/attributes-when-needed.ts';
import { followDefinitions, type FollowedDefinitions } from '../../topics/follow-definitions.ts';
import { followItems } from '../../topics/follow-items.ts';
import { ItemsWhenNeeded } from '../../topics/items-when-needed.ts';
import { items as itemsTopic } from '../../topics/items.ts';
import { ServedModels } from './models.ts';

/** Definitions and items in memory, fed by their compacted topics. */
export interface Knowledge {
  readonly catalogue: Catalogue;
  readonly experiments: Experiments;
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
  const experiments = new Experiments();
  const models = new ServedModels(kinds);
  const items = new ItemTable();
  const clientId = `${config.kafka.clientId}.serving`;
  const onRefused = (reason: string): void =>
    metrics.add('freshet_definitions_refused_total', { topic: itemsTopic.thing, reason });
  const following = { config, clientId, registry, log, onFatal };
  // What items are about takes memory, so the topic is read once more for it where it is needed.
  const terms = new ItemsWhenNeeded({
    ...following,
    make: () => new TermIndex(),
    onTable: (index) => items.lend(index),
  });
  const attributes = new AttributesWhenNeeded({
    ...following,
    make: (names) => new ItemAttributes(names),
    onTable: (table, offsets) => items.lendAttributes(table, offsets),
  });
  const follow = (): void => {
    attributes.need(attributesNamed(catalogue));
    const inUse = catalogue.modelsInUse();
    models.follow(inUse);
    terms.need([...inUse.keys()].some((version) => models.needItems(version)));
  };
  const [definitions, ofItems] = await allOrNone<[FollowedDefinitions, DecodedTable]>([
    followDefinitions({
      ...following,
      catalogue: takerOfAll(catalogue, experiments),
      onChange: follow,
      onRefused: ({ thing: topic }, reason) =>
        metrics.add('freshet_definitions_refused_total', { topic, reason }),
    }),
    followItems({ ...following, items, onRefused }),
  ]);
  return {
    catalogue,
    experiments,
    models,
    items,
    itemOffsets: ofItems.offsets,
    ready: () => {
      if (definitions.isReady() && ofItems.isReady()) return terms.ready() ?? attributes.ready();
      const missing = [...definitions.reading(), ...(ofItems.isReady() ? [] : ['items'])];
      return `reading ${missing.join(', ')}`;
    },
    healthy: () =>
      definitions.healthy() ?? ofItems.healthy() ?? terms.healthy() ?? attributes.healthy(),
    stop: async () => {
      await Promise.all([definitions, ofItems, terms, attributes].map((one) => one.stop()));
    },
  };
};

/** Attributes of items that rules of some context look at. */
const attributesNamed = ({ contexts }: Catalogue): string[] => {
  const named = [...contexts.values()].flatMap(({ definition }) =>
    itemAttributesOf(definition.rules),
  );
  return [...new Set(named)];
};
