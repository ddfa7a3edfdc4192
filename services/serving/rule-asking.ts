import type { Assigned } from '../../experiments/catalogue.ts';
import { type ContextDefinition, parseContext } from '../../models/definitions.ts';
import type { PersonalRetrieval } from '../../models/model.ts';
import { LearnedReads } from '../../retrieval/learned-reads.ts';
import { LearnedWeights } from '../../retrieval/learned-weights.ts';
import type { PersonalModel, ReadyModel, SharedModel } from '../../retrieval/personal-models.ts';
import type { AnsweringParts } from './answering.ts';
import { readBounds, requestRecord } from './fakes.ts';
import { PageTokens } from './page-token.ts';
import { Rankings } from './rankings.ts';
import { replyOf } from './reply.ts';
import type { Accepted } from './request.ts';
import * as worlds from './rule-world.ts';
import type { World } from './rule-world.ts';

/** How tests of the rules ask in a world: with toy models, and all else as it is. */

export const contextVersion = 'home@0123456789ab';

const versions = {
  personal: 'personal@000000000001',
  shared: 'shared@000000000001',
  variant: 'variant@000000000001',
} as const;

export const contextOf = (of: World): ContextDefinition => {
  const parsed = parseContext(
    JSON.stringify({
      context: worlds.contextId,
      size: of.size,
      atLeast: Math.min(of.atLeast, of.size),
      rules: of.rules,
      pages: of.pages,
      ladder: of.ladder.map(({ model, category }, n) => ({
        step: `step-${n}`,
        model: versions[model],
        category,
      })),
    }),
  );
  if (!parsed.ok) throw new Error(parsed.faults.join());
  return parsed.value;
};

const candidates = (items: readonly string[]) =>
  items.map((itemId, n) => ({ itemId, score: 1 / (n + 1) }));

/** Lists as they are; of a session, its items. */
const modelsOf = (of: World): ReadonlyMap<string, ReadyModel> => {
  const retrieval = {
    sources: [],
    needsItems: false,
    trainer: null,
    wants: () => [],
    figures: () => [],
    rank: ({ recents }) => candidates(recents.map(({ itemId }) => itemId)),
    explain: null,
  } satisfies Partial<PersonalRetrieval>;
  const personal = (version: string, listPrefix: string) =>
    ({
      kind: 'personal',
      modelKind: 'toy',
      version,
      learned: [],
      ageMsMax: 1e9,
      retrieval,
      listPrefix,
    }) as unknown as PersonalModel;
  const shared = {
    kind: 'shared',
    version: versions.shared,
    learning: worlds.sharedLearning,
    learned: [worlds.sharedLearning],
    retrieval: {
      rank: (_: unknown, keep: (id: string) => boolean) => candidates(of.shared.filter(keep)),
    },
  } as unknown as SharedModel;
  return new Map<string, ReadyModel>([
    [versions.personal, personal(versions.personal, worlds.listPrefix)],
    [versions.variant, personal(versions.variant, 'variant_')],
    [versions.shared, shared],
  ]);
};

const assignedOf = ({ inExperiment }: World): Assigned | null =>
  inExperiment
    ? ({
        experiment: 'e',
        variant: 'v',
        replaces: { step: 'step-0', model: versions.variant },
        creditMs: 1,
        outcomeKinds: [],
      } as Assigned)
    : null;

export const partsOf = async (of: World): Promise<AnsweringParts> => {
  const { redis, generations } = await worlds.storeOf(of);
  return {
    redis,
    generations,
    reads: new LearnedReads(redis, readBounds),
    weights: new LearnedWeights(),
    models: modelsOf(of),
    experiments: { assign: () => assignedOf(of) },
    rankings: new Rankings(1_000),
    items: worlds.itemsOf(of),
    itemOffsets: () => [7],
    types: worlds.types,
    profileAttributes: worlds.profileNames,
    pages: new PageTokens({ key: null, prefix: 'p' }),
    nowMs: () => worlds.nowMs,
    monotonicMs: () => 0,
  };
};

export const acceptedOf = (of: World, page: Accepted['page']): Accepted => ({
  kind: 'accepted',
  record: requestRecord(),
  reply: replyOf({}),
  request: {
    user_id: worlds.userId,
    context_id: worlds.contextId,
    count: null,
    exclude: of.excluded,
    session: of.session,
    deadline_at: null,
    attributes: of.asked === undefined ? {} : { country: of.asked },
    page_token: null,
    consent: true,
  },
  context: { version: contextVersion, revision: 1, definition: contextOf(of) },
  wanted: of.size,
  deadlineMs: null,
  page,
});
