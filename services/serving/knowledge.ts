import { allOrNone } from '../../lib/all-or-none.ts';
import { Experiments } from '../../experiments/catalogue.ts';
import { takerOfAll } from '../../experiments/taker.ts';
import type { RegistryPort } from '../../lib/avro/registry.ts';
import type { DecodedTable } from '../../lib/kafka/decoded-table.ts';
import type { ServiceContext } from '../../lib/service.ts';
import { Catalogue, type Known } from '../../models/catalogue.ts';
import type { ContextDefinition, ModelDefinition } from '../../models/definitions.ts';
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
import { ServedContexts } from './served-contexts.ts';

/** Definitions and items in memory, fed by their compacted topics. */
export interface Knowledge {
  readonly catalogue: Catalogue;
  /** Those that requests are answered by. */
  readonly contexts: ServedContexts;
  /** Tells which folds have a current generation: rules need some. */
  settle(folded: ReadonlySet<string>): void;
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
    onTable: (table, offsets) => {
      items.lendAttributes(table, offsets);
      follow();
    },
  });
  const contexts = new ServedContexts();
  /** Null: nobody has looked yet. */
  let folded: ReadonlySet<string> | null = null;
  let isOutdated = false;
  const follow = (): void => {
    isOutdated = false;
    const isFolded = (fold: string): boolean => folded?.has(fold) === true;
    const knowsAttributes = (names: readonly string[]): boolean => items.knowsAttributes(names);
    contexts.follow(catalogue.contexts, { isFolded, knowsAttributes });
    // Before anybody has looked for generations it would be said that there are none.
    if (folded !== null)
      for (const [name, missing] of contexts.untold())
        log.warn({ context: name, missing }, 'the newest version of a context waits');
    attributes.need(attributesNamed(catalogue.contexts, contexts.all));
    const inUse = new Map([...catalogue.modelsInUse(), ...modelsOf(contexts.all, catalogue)]);
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
    contexts,
    settle: (given) => {
      // It is told every second: what follows from all definitions is found anew when it differs.
      isOutdated ||= folded === null || folded.symmetricDifference(given).size > 0;
      folded = given;
      if (isOutdated && definitions.isReady()) follow();
    },
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

type Contexts = ReadonlyMap<string, Known<ContextDefinition>>;

/** Attributes of items that rules look at, of the newest contexts and of those that answer. */
const attributesNamed = (...of: readonly Contexts[]): string[] => {
  const named = of.flatMap((contexts) =>
    [...contexts.values()].flatMap(({ definition }) => itemAttributesOf(definition.rules)),
  );
  return [...new Set(named)];
};

/** A context that still answers, while its next version waits, keeps its models. */
const modelsOf = (
  contexts: Contexts,
  { models }: Catalogue,
): (readonly [string, Known<ModelDefinition>])[] =>
  [...contexts.values()].flatMap(({ definition }) =>
    definition.ladder.flatMap(({ model }) => {
      const known = models.get(model);
      return known === undefined ? [] : [[model, known] as const];
    }),
  );
