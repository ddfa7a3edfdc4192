import { UserError } from '../../lib/errors.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { groupIdOf, type Hands } from '../../lib/stream/hands.ts';
import { serviceOf } from '../data/progress-of-services.ts';
import { endsOfInputs, offsetsOf } from './progress.ts';

export interface FoldToLookAt {
  readonly prefix: string;
  readonly name: string;
  readonly topics: readonly string[];
}

/**
 * A build follows what is current and never passes it. Where a node of a cluster came back empty,
 * partitions of that are gone, others and the pointer are not: the build would stand still at their
 * beginning, and be switched to. What was lost is folded in place instead, partition by partition.
 */
export async function refuseLostPart(
  { admin, redis }: Pick<Hands, 'admin' | 'redis'>,
  { prefix, name, topics }: FoldToLookAt,
): Promise<void> {
  const current = await readCurrent(redis, prefix, name);
  if (current === null) return;
  const offsets = await offsetsOf(redis, current);
  const without = [...offsets.keys()].filter((partition) => offsets[partition]?.length === 0);
  if (without.length === 0) return;
  const groupId = groupIdOf(prefix, name, current);
  const { lows } = await endsOfInputs(admin, topics);
  const lost = new Set<number>();
  for (const [input, topic] of topics.entries()) {
    const progress = await admin.groupOffsets(groupId, topic);
    for (const partition of without)
      if ((progress.get(partition) ?? -1) > (lows[partition]?.[input] ?? 0)) lost.add(partition);
  }
  if (lost.size === 0) return;
  throw new UserError(
    `${name}: Redis has lost its state of partition ${[...lost].join(', ')} and kept the rest: ` +
      `start it once with \`npx freshet run ${serviceOf(name)} --bootstrap\`, which folds that ` +
      'from the log, and no other',
  );
}
