import { UserError } from '../../lib/errors.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import type { Hands } from '../../lib/stream/hands.ts';
import { lostPartitions } from '../data/lost-state.ts';
import { serviceOf } from '../data/progress-of-services.ts';

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
  const { lineage } = current;
  const at = { prefix, name, topics, current, lineage };
  const lost = await lostPartitions({ admin, redis }, at);
  if (lost.length === 0) return;
  throw new UserError(
    `${name}: Redis has lost its state of partition ${lost.join(', ')} and kept the rest: ` +
      `start it once with \`npx freshet run ${serviceOf(name)} --bootstrap\`, which folds that ` +
      'from the log, and no other',
  );
}
