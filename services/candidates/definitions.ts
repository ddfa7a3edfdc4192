import type { RegistryPort } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import type { followTable } from '../../lib/kafka/table.ts';
import { Experiments } from '../../experiments/catalogue.ts';
import { takerOfAll } from '../../experiments/taker.ts';
import { Catalogue } from '../../models/catalogue.ts';
import { ItemTable } from '../../models/item-table.ts';
import { kinds } from '../../models/kinds.ts';
import {
  type FollowDefinitionsOptions,
  followDefinitions,
} from '../../topics/follow-definitions.ts';
import { ItemsWhenNeeded } from '../../topics/items-when-needed.ts';
import { type PersonalModel, personalModels } from '../../retrieval/personal-models.ts';
import { listPrefix } from '../../schemas/packed/candidates.ts';
import { askedFirst, heldAgainstLists, type ServedBy } from './uses.ts';
import type { Scope } from './warm-marks.ts';
import { namedFirst, scopesOf, type Wants, wantsOf } from './wanted.ts';

export interface PersonalModelsInUse {
  /** Null once everything that stood there at the start is known. */
  ready(): string | null;
  healthy(): string | null;
  /** Those that the ladder of some context, or an experiment, names. */
  personal(): readonly PersonalModel[];
  /** What keys of lists begin with, of all versions that are published: each may have one of a user. */
  listPrefixes(): Iterable<string>;
  /** Whether this user's lists by a version are kept: one that only experiments name is for some. */
  readonly wants: Wants;
  /** Whose lists by a version are kept. */
  scopeOf(version: string): Scope;
  /**
   * Kinds of event, as bits, that a `not-seen` rule of a context holds against the items of this
   * version; 0: none does.
   */
  heldAgainst(version: string): number;
  /** The version that the first step of the ladder asked; null: it is not known. */
  askedFirst(served: ServedBy): string | null;
  /** Null where none of them needs items. */
  items(): ItemTable | null;
  stop(): Promise<void>;
}

/** Keeps at hand which models with a list per user are in use. */
export async function followPersonalModels(
  {
    config,
    log,
    onFatal,
  }: Pick<FollowDefinitionsOptions, 'log' | 'onFatal'> & {
    readonly config: FollowDefinitionsOptions['config'] & Pick<CommonConfig, 'types'>;
  },
  registry: RegistryPort,
  follow?: typeof followTable,
): Promise<PersonalModelsInUse> {
  const catalogue = new Catalogue(kinds);
  const experiments = new Experiments();
  let personal: readonly PersonalModel[] = [];
  let held: ReadonlyMap<string, number> = new Map();
  let wants: Wants = () => false;
  let scopeOf: (version: string) => Scope = () => [];
  let items: ItemTable | null = null;
  const clientId = `${config.prefix}.candidates`;
  const following = { config, clientId, registry, log, onFatal, follow };
  const needed = new ItemsWhenNeeded({
    ...following,
    make: () => new ItemTable({ terms: {} }),
    onTable: (table) => {
      items = table;
    },
  });
  const definitions = await followDefinitions({
    ...following,
    catalogue: takerOfAll(catalogue, experiments),
    onChange: () => {
      personal = namedFirst(personalModels(catalogue.modelsInUse(), kinds, personal), catalogue);
      held = heldAgainstLists(catalogue, experiments, config.types);
      wants = wantsOf(catalogue, experiments);
      scopeOf = scopesOf(catalogue, experiments);
      needed.need(personal.some(({ retrieval }) => retrieval.needsItems));
    },
  });
  return {
    ready: () => {
      if (definitions.isReady()) return needed.ready();
      return definitions.healthy() ?? 'candidates: reading definitions';
    },
    healthy: () => definitions.healthy() ?? needed.healthy(),
    personal: () => personal,
    listPrefixes: () => [...catalogue.models.keys()].map(listPrefix),
    wants: (version, userId, atMs) => wants(version, userId, atMs),
    scopeOf: (version) => scopeOf(version),
    heldAgainst: (version) => held.get(version) ?? 0,
    askedFirst: (served) => askedFirst(served, catalogue, experiments),
    items: () => items,
    stop: async () => void (await Promise.all([definitions.stop(), needed.stop()])),
  };
}
