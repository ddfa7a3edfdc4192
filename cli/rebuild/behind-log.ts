import { UserError } from '../../lib/errors.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { parseHeader } from '../../lib/stream/header.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import type { Hands } from '../../lib/stream/hands.ts';
import { endsOfInputs } from '../data/offsets.ts';
import { serviceOf } from '../data/progress-of-services.ts';
import type { FoldToLookAt } from './lost-part.ts';

/**
 * A switch is made where both stand alike. What is current and stands before the beginning of its
 * log never moves again (`startOf` refuses it), so a build beside it would be waited for without end.
 */
export async function refuseBehindLog(
  { admin, redis }: Pick<Hands, 'admin' | 'redis'>,
  { prefix, name, topics }: FoldToLookAt,
): Promise<void> {
  const current = await readCurrent(redis, prefix, name);
  if (current === null) return;
  const keys = foldKeys(current);
  const { lows } = await endsOfInputs(admin, topics);
  const partitions = Array.from({ length: current.partitions }, (_, partition) => partition);
  const headers = await redis.mgetMany(partitions.map((partition) => [keys.header(partition)]));
  for (const [partition, [bytes]] of headers.entries()) {
    if (bytes === null || bytes === undefined) continue;
    const { offsets, hashes } = parseHeader(bytes);
    for (const [input, topic] of topics.entries()) {
      const [next = 0, low = 0] = [offsets[input], lows[partition]?.[input]];
      if (hashes[input] === '' || next >= low) continue;
      throw new UserError(
        `${name}: ${topic}/${partition} begins at ${low}, but its state stands at ${next}: retention ` +
          'removed records that were never folded, so it does not run and nothing can take its place. ' +
          `To fold anew what is left: \`npx freshet reset ${serviceOf(name)} --yes\`, and start it again`,
      );
    }
  }
}
