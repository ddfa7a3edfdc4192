import type { RedisPort } from '../../lib/redis/redis-port.ts';
import type { Generations } from '../../lib/stream/generations.ts';
import type { ItemTable } from '../../models/item-table.ts';
import type { Explained, Profile, World } from '../../models/model.ts';
import type { LearnedReads } from '../../retrieval/learned-reads.ts';
import { type LearnedWeights, weightsFoldName } from '../../retrieval/learned-weights.ts';
import { generationsOf, type PersonalModel } from '../../retrieval/personal-models.ts';

/** What a list is made from, as the services read it. */
export interface ListParts {
  readonly redis: Pick<RedisPort, 'mgetMany'>;
  readonly generations: Pick<Generations, 'read'>;
  readonly reads: LearnedReads;
  readonly weights: LearnedWeights;
  /** Null: not read; models that need items are then not explained. */
  readonly items: ItemTable | null;
}

/**
 * A user's list by one model as of now, with how it came about. Null where nothing has been learned
 * yet, and where the model needs items that were not read.
 */
export async function explainList(
  model: PersonalModel,
  profile: Profile,
  { parts, nowMs }: { readonly parts: ListParts; readonly nowMs: number },
): Promise<readonly Explained[] | null> {
  const { retrieval } = model;
  if (retrieval.needsItems && parts.items === null) return null;
  const known = await parts.generations.read([...model.learned, weightsFoldName]);
  const generations = generationsOf(model, known);
  if (generations === null) return null;
  const names = retrieval.trainer === null ? [] : [retrieval.trainer.name];
  await parts.weights.read(parts.redis, names, {
    generation: known.get(weightsFoldName),
    nowMs,
  });
  const world: World = { items: parts.items, weights: parts.weights.of(retrieval) };
  const task = { retrieval, generations, profile, world };
  const [learned = []] = await parts.reads.read([task], { rows: parts.reads.newSlice(), nowMs });
  if (retrieval.explain !== null) return retrieval.explain(profile, learned, world);
  return retrieval.rank(profile, learned, world).map((candidate, index) => ({
    ...candidate,
    proposals: [{ source: model.modelKind, score: candidate.score, rank: index + 1 }],
    because: null,
  }));
}
