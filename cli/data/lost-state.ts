import type { CurrentGeneration } from '../../lib/stream/current.ts';
import { groupIdOf, type Hands } from '../../lib/stream/hands.ts';
import { holds } from '../../services/control/begin.ts';
import { commandResults } from '../../topics/command-results.ts';
import { topicName } from '../../topics/topic.ts';
import { endsOfInputs, offsetsOf } from './offsets.ts';

export interface FoldToLookAt {
  readonly prefix: string;
  readonly name: string;
  readonly topics: readonly string[];
  /** Null: Redis does not know the fold. */
  readonly current: CurrentGeneration | null;
  /** Of what is current, or would be. */
  readonly lineage: string;
}

type Sources = Pick<Hands, 'admin' | 'redis'>;

/**
 * Partitions that were folded, as progress outside Redis says, and of which Redis holds nothing; all
 * that were folded where it does not know the fold. What `control` has answered is its progress: its
 * groups are new with every start.
 */
export async function lostPartitions(
  { admin, redis }: Sources,
  { prefix, name, topics, current, lineage }: FoldToLookAt,
): Promise<number[]> {
  const without = current === null ? null : await partitionsWithout(redis, current);
  if (without?.length === 0) return [];
  if (name === 'control') return (await hasAnswered(admin, prefix)) ? [0] : [];
  const groupId = groupIdOf(prefix, name, { lineage });
  const { lows } = await endsOfInputs(admin, topics);
  const lost = new Set<number>();
  for (const [input, topic] of topics.entries()) {
    for (const [partition, next] of await admin.groupOffsets(groupId, topic)) {
      const isGone = without === null || without.includes(partition);
      if (isGone && next > (lows[partition]?.[input] ?? 0)) lost.add(partition);
    }
  }
  return [...lost].toSorted((a, b) => a - b);
}

/** Whether a control has decided anything here. */
export async function hasAnswered(
  admin: Pick<Hands['admin'], 'partitionCounts' | 'topicOffsets'>,
  prefix: string,
): Promise<boolean> {
  const topic = topicName(prefix, commandResults);
  return (await admin.partitionCounts([topic])).has(topic) && holds(admin, topic);
}

async function partitionsWithout(
  redis: Sources['redis'],
  current: CurrentGeneration,
): Promise<number[]> {
  const offsets = await offsetsOf(redis, current);
  return [...offsets.keys()].filter((partition) => offsets[partition]?.length === 0);
}
