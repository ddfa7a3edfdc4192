import type { Generation, Generations } from '../lib/stream/generations.ts';
import type { Known } from '../models/catalogue.ts';
import type { KindCatalogue, ModelDefinition } from '../models/definitions.ts';
import { foldNameOf } from '../models/learning-identity.ts';
import type { PersonalRetrieval, Profile, SharedRetrieval } from '../models/model.ts';
import { listPrefix } from '../schemas/packed/candidates.ts';

/** A model version, ready to make lists. */
interface Made {
  readonly version: string;
  /** Names of the folds that it ranks by, in the order of its retrieval's sources. */
  readonly learned: readonly string[];
  /** A user's list older than this is stale. */
  readonly ageMsMax: number;
}

/** A model version that keeps a list per user. */
export interface PersonalModel extends Made {
  readonly kind: 'personal';
  readonly retrieval: PersonalRetrieval;
  /** The kind of model, as definitions name it. */
  readonly modelKind: string;
  /** What the keys of its lists begin with, before the user. */
  readonly listPrefix: string;
  /** Longer lists of the same ranking; left out: its kind has no depth. */
  readonly deep?: {
    /** As configured. */
    readonly depth: number;
    /** Made once, for the number of times that was asked for first. */
    retrieval(times: number): PersonalRetrieval;
  };
}

/** One whose list is the same for everyone: made in memory, where it is asked for. */
export interface SharedModel extends Made {
  readonly kind: 'shared';
  /** The one fold whose rankings it merges. */
  readonly learning: string;
  readonly retrieval: SharedRetrieval;
}

export type ReadyModel = PersonalModel | SharedModel;

/** Undefined for a kind that this release does not know. */
export function readyModel(
  { version, definition }: Known<ModelDefinition>,
  kinds: KindCatalogue,
): ReadyModel | undefined {
  const retrieval = kinds
    .get(definition.kind)
    ?.retrieval(definition.learning, definition.retrieval);
  if (retrieval === undefined) return undefined;
  const made = {
    version,
    learned: retrieval.sources.map(foldNameOf),
    ageMsMax: definition.candidatesAgeMsMax,
  };
  return retrieval.shared
    ? { ...made, kind: 'shared', retrieval, learning: made.learned[0] ?? '' }
    : {
        ...made,
        kind: 'personal',
        retrieval,
        modelKind: definition.kind,
        listPrefix: listPrefix(version),
        ...deepOf(definition, kinds),
      };
}

/** Users who have less than this share of a list's depth lose little of it to any rule. */
export const lightShare = 0.1;
const deepTimes = 3;

/** For a list that is made while somebody waits, and not kept: longer where its user has much. */
export const retrievalFor = (
  { retrieval, deep }: PersonalModel,
  { recents }: Pick<Profile, 'recents'>,
): PersonalRetrieval =>
  deep !== undefined && recents.length > deep.depth * lightShare
    ? deep.retrieval(deepTimes)
    : retrieval;

const deepOf = (
  { kind, learning, retrieval: config }: ModelDefinition,
  kinds: KindCatalogue,
): Pick<PersonalModel, 'deep'> => {
  const depth = config['depth'];
  if (typeof depth !== 'number') return {};
  let made: PersonalRetrieval | undefined;
  const make = (times: number): PersonalRetrieval => {
    const deeper = { ...config, depth: Math.ceil(depth * times) };
    return kinds.get(kind)?.retrieval(learning, deeper) as PersonalRetrieval;
  };
  return { deep: { depth, retrieval: (times) => (made ??= make(times)) } };
};

/**
 * Shared models are left out: serving ranks these in memory, for all users at once. `made`: those of
 * before, which are kept: a version never changes.
 */
export function personalModels(
  inUse: ReadonlyMap<string, Known<ModelDefinition>>,
  kinds: KindCatalogue,
  made: readonly PersonalModel[] = [],
): PersonalModel[] {
  const before = new Map(made.map((model) => [model.version, model]));
  return [...inUse.values()].flatMap((known) => {
    const model = before.get(known.version) ?? readyModel(known, kinds);
    return model?.kind === 'personal' ? [model] : [];
  });
}

/**
 * Per source where it is now; undefined for one that has learned nothing yet. Null: no source has,
 * so there is nothing to make a list of.
 */
export function generationsOf(
  { learned }: Pick<PersonalModel, 'learned'>,
  generations: Pick<Generations, 'get'> | ReadonlyMap<string, Generation>,
): readonly (Generation | undefined)[] | null {
  const found = learned.map((name) => generations.get(name));
  return found.length > 0 && found.every((one) => one === undefined) ? null : found;
}
