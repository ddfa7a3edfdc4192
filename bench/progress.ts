import { setOf } from '../lib/config/topic-set.ts';
import { readCurrent } from '../lib/stream/current.ts';
import { emptyHeader, parseHeader } from '../lib/stream/header.ts';
import { foldKeys } from '../lib/stream/keys.ts';
import { parseModel } from '../models/definitions.ts';
import { kinds } from '../models/kinds.ts';
import { foldNameOf } from '../models/learning-identity.ts';
import { commands } from '../topics/commands.ts';
import { externalCandidates } from '../topics/external-candidates.ts';
import { exposuresBeside } from '../topics/repartitioned-exposures.ts';
import { exposures } from '../topics/exposures.ts';
import { interactions } from '../topics/interactions.ts';
import { itemSignals } from '../topics/item-signals.ts';
import { prefixFor } from '../topics/sets.ts';
import { type Topic, topicName } from '../topics/topic.ts';
import { trainingExamples } from '../topics/training-examples.ts';
import { userEvents } from '../topics/user-events.ts';
import { type Bed, definitionTexts } from './bed.ts';

/** A fold and what it reads, in the order of its header. */
export interface FoldInputs {
  readonly fold: string;
  readonly inputs: readonly Topic[];
}

/** The folds of each service, those first whose output others read. */
export function foldsOf(service: string, prefix = ''): FoldInputs[] {
  switch (service) {
    case 'control':
      return [{ fold: service, inputs: [commands] }];
    case 'ingest':
      return [{ fold: service, inputs: [userEvents] }];
    case 'user-features':
    case 'seen-items':
    case 'signals':
      return [{ fold: service, inputs: [interactions] }];
    case 'learning':
      return learningFolds().map((fold) => ({ fold, inputs: [itemSignals] }));
    case 'candidates':
    case 'experiments':
      return [{ fold: service, inputs: [interactions, exposuresBeside(prefix)] }];
    case 'weights':
      return [{ fold: service, inputs: [trainingExamples] }];
    case 'served':
      return [{ fold: service, inputs: [exposures] }];
    case 'repartition':
      // In the first set exposures are where interactions are: there is nothing to fold.
      return setOf(prefix) === 1 ? [] : [{ fold: service, inputs: [exposures] }];
    case 'external':
      return [{ fold: service, inputs: [externalCandidates] }];
    default:
      return [];
  }
}

/** One per learning identity that a context of the definitions ranks by: others are not run. */
function learningFolds(): string[] {
  const texts = definitionTexts();
  const inUse = new Set(texts.flatMap(rankedBy));
  const names = new Set<string>();
  for (const text of texts) {
    const parsed = parseModel(text, kinds);
    if (!parsed.ok || !inUse.has(parsed.value.model)) continue;
    const { kind, learning, retrieval } = parsed.value;
    const sources = kinds.get(kind)?.retrieval(learning, retrieval).sources ?? [];
    for (const source of sources) names.add(foldNameOf(source));
  }
  return [...names].filter((name) => name.startsWith('learning:'));
}

/** Models that a context's ladder names; none for a model. */
const rankedBy = (text: string): readonly string[] => {
  const { ladder = [] } = JSON.parse(text) as { ladder?: readonly { readonly model: string }[] };
  return ladder.map(({ model }) => model);
};

/** Next offset per input and partition, as stored with the state; 0 where nothing is. */
export async function storedOffsets(
  bed: Pick<Bed, 'config' | 'redis'>,
  { fold, inputs }: FoldInputs,
): Promise<number[][]> {
  const current = await readCurrent(bed.redis, prefixFor(bed.config.prefix, fold), fold);
  if (current === null) return inputs.map(() => []);
  const keys = foldKeys(current);
  const headers = await bed.redis.mgetMany(
    Array.from({ length: current.partitions }, (_, partition) => [keys.header(partition)]),
  );
  const parsed = headers.map(([bytes]) =>
    bytes === null || bytes === undefined ? emptyHeader(inputs.length) : parseHeader(bytes),
  );
  return inputs.map((_, input) => parsed.map(({ offsets }) => offsets[input] ?? 0));
}

/**
 * Records that a fold has before it, from what Redis holds and where the logs end. Upstream folds
 * must be asked first: their last records are on the log before their state says so.
 */
export async function lagOf(
  bed: Pick<Bed, 'admin' | 'config' | 'redis'>,
  fold: FoldInputs,
): Promise<number> {
  let lag = 0;
  const ends = await Promise.all(
    fold.inputs.map((topic) => bed.admin.topicOffsets(topicName(bed.config.prefix, topic))),
  );
  const offsets = await storedOffsets(bed, fold);
  ends.forEach((partitions, input) => {
    for (const { partition, high } of partitions)
      lag += Math.max(0, high - (offsets[input]?.[partition] ?? 0));
  });
  return lag;
}

const pollMs = 250;

/** Resolves when every fold of the services has nothing before it. */
export async function caughtUp(
  bed: Bed,
  services: readonly string[],
  onLag: (lag: number) => void = () => undefined,
): Promise<void> {
  const folds = services.flatMap((service) => foldsOf(service, bed.config.prefix));
  for (;;) {
    let lag = 0;
    for (const fold of folds) lag += await lagOf(bed, fold);
    if (lag === 0) return;
    onLag(lag);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
