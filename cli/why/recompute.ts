import { now, monotonicMs } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { type Generation, Generations } from '../../lib/stream/generations.ts';
import type { Catalogue, Known } from '../../models/catalogue.ts';
import type { ContextDefinition } from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';
import type { Explained } from '../../models/model.ts';
import { LearnedReads } from '../../retrieval/learned-reads.ts';
import { LearnedWeights } from '../../retrieval/learned-weights.ts';
import {
  type PersonalModel,
  readyModel,
  type ReadyModel,
  type SharedModel,
} from '../../retrieval/personal-models.ts';
import type { Request } from '../../schemas/generated/request.ts';
import { candidatesConfig } from '../../services/candidates/config.ts';
import { readList, type StoredList } from '../../services/serving/lists.ts';
import { foldNames } from '../../services/serving/plan.ts';
import { readAll } from '../../services/serving/reads.ts';
import { bindRules } from '../../services/serving/rules.ts';
import { prefixFor } from '../../topics/sets.ts';
import { type LearnedAges, learnedAges } from './ages.ts';
import { explainList, type ListParts } from './explained.ts';
import type { KnownItems } from './items.ts';
import { type KnownUser, readKnownUser, unknownUser } from './known-user.ts';
import { type JudgedLadder, judgeLadder } from './ladder.ts';

export interface WhyParts {
  readonly config: CommonConfig;
  readonly redis: RedisPort;
  readonly catalogue: Catalogue;
  readonly items: KnownItems;
}

/** One step of the ladder, as of now. */
export interface StepNow {
  readonly step: string;
  /** The exact version. */
  readonly model: string;
  readonly kind: string;
  readonly category: string | null;
  /** The list that answers are made of; null: none is stored (shared models keep none). */
  readonly stored: StoredList | null;
  /** Made again: what the model proposes now. Null: nothing was learned yet. */
  readonly list: readonly Explained[] | null;
}

export interface Recomputed {
  readonly atMs: number;
  readonly context: Known<ContextDefinition>;
  readonly isKnown: boolean;
  readonly user: KnownUser;
  readonly steps: readonly StepNow[];
  readonly ladder: JudgedLadder;
  readonly ages: LearnedAges;
}

/** What an answer to the request would rest on as of now, every list made again. */
export async function recompute(request: Request, parts: WhyParts): Promise<Recomputed> {
  const { config, redis, items } = parts;
  const context = contextOf(request.context_id, parts.catalogue);
  const atMs = now();
  const models = modelsOf(context.definition, parts.catalogue);
  const found = new Generations(redis, {
    prefixOf: (fold) => prefixFor(config.prefix, fold),
    ageMsMax: 0,
    clockMs: monotonicMs,
  });
  const generations = await found.read([
    ...Object.values(foldNames),
    ...models.flatMap((model) => model?.learned ?? []),
  ]);
  const { user_id: userId, context_id: contextId, session } = request;
  const { types, profileAttributes } = config;
  const given = { generations, types, profileAttributes, nowMs: atMs };
  const { isKnown, user } = request.consent
    ? await readKnownUser(redis, { userId, contextId, session }, given)
    : { isKnown: false, user: unknownUser({ userId, contextId, session }, given) };
  const lists: ListParts = {
    redis,
    generations: found,
    reads: new LearnedReads(redis, candidatesConfig()),
    weights: new LearnedWeights(),
    items: items.table,
  };
  const at = { parts, lists, user, consent: request.consent, generations, atMs };
  const steps = await Promise.all(
    context.definition.ladder.map(({ step, model, category }, index) =>
      stepNow({ step, model, category, ready: models[index] }, at),
    ),
  );
  const { definition } = context;
  const ladder = judgeLadder({
    steps: steps.map(({ list }) => list ?? []),
    rules: bindRules(definition.rules, {
      userId,
      seen: user.seen,
      items: items.table,
      excluded: new Set(request.exclude),
      profile: user.attributes,
      request: request.attributes,
      served: user.served,
      // The first page is made again, whichever was asked for.
      earlier: [],
      atMs,
      types: config.types,
    }),
    wanted: Math.min(request.count ?? definition.size, definition.size),
    atLeast: definition.atLeast,
  });
  const made = models.filter((model) => model !== undefined);
  const ages = await learnedAges(made, { config, redis, generations });
  return { atMs, context, isKnown, user, steps, ladder, ages };
}

function contextOf(contextId: string, { contexts }: Catalogue): Known<ContextDefinition> {
  const context = contexts.get(contextId);
  if (context !== undefined) return context;
  const there = [...contexts.keys()].join(', ') || 'none';
  throw new UserError(`there is no context '${contextId}' (there are: ${there})`);
}

const modelsOf = (
  { ladder }: ContextDefinition,
  { models }: Catalogue,
): readonly (ReadyModel | undefined)[] =>
  ladder.map(({ model }) => {
    const known = models.get(model);
    return known === undefined ? undefined : readyModel(known, kinds);
  });

interface Moment {
  readonly parts: WhyParts;
  readonly lists: ListParts;
  readonly user: KnownUser;
  readonly consent: boolean;
  readonly generations: ReadonlyMap<string, Generation>;
  readonly atMs: number;
}

async function stepNow(
  of: {
    readonly step: string;
    readonly model: string;
    readonly category: string | null;
    readonly ready: ReadyModel | undefined;
  },
  at: Moment,
): Promise<StepNow> {
  const { step, model, category, ready } = of;
  const kind = at.parts.catalogue.models.get(model)?.definition.kind ?? 'unknown';
  const named = { step, model, kind, category };
  if (ready === undefined) return { ...named, stored: null, list: null };
  if (ready.kind === 'shared') {
    return { ...named, stored: null, list: await sharedList(ready, { ...at, kind, category }) };
  }
  const { lists, atMs, parts, user } = at;
  const [stored, list] = await Promise.all([
    storedList(ready, at),
    explainList(ready, user.profile, { parts: lists, nowMs: atMs }),
  ]);
  // A user's list is cut by category after it was made, as in serving.
  const kept =
    category === null
      ? list
      : (list?.filter(({ itemId }) => parts.items.table.inCategory(itemId, category)) ?? null);
  return { ...named, stored, list: kept };
}

async function storedList(model: PersonalModel, at: Moment): Promise<StoredList | null> {
  const generation = at.generations.get(foldNames.candidates);
  if (generation === undefined || !at.consent) return null;
  const { userId } = at.user.profile;
  const key = generation.row(model.listPrefix + userId, userId);
  return readList((await at.parts.redis.mget([key]))[0] ?? null);
}

/** A ranking for everyone, cut by category before its depth, as in serving. */
async function sharedList(
  model: SharedModel,
  at: Moment & { readonly kind: string; readonly category: string | null },
): Promise<readonly Explained[] | null> {
  const { category, parts } = at;
  const generation = at.generations.get(model.learning);
  if (generation === undefined) return null;
  const read = await readAll(parts.redis, generation.shared());
  const rankings = [...read.values()].filter((bytes) => bytes !== null);
  const keep = (itemId: string): boolean =>
    category === null || parts.items.table.inCategory(itemId, category);
  return model.retrieval.rank(rankings, keep).map((candidate, index) => ({
    ...candidate,
    proposals: [{ source: at.kind, score: candidate.score, rank: index + 1 }],
    because: null,
  }));
}
