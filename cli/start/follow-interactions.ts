import { setTimeout as pause } from 'node:timers/promises';

import { monotonicMs } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import { interactions } from '../../topics/interactions.ts';
import { isReserved } from '../../topics/reserved-types.ts';
import { topicName } from '../../topics/topic.ts';
import { endsOf } from '../data/asking.ts';
import { followFrom } from '../data/follow.ts';
import { openDecoder } from '../data/topic-values.ts';
import type { Placed } from './seen-check.ts';

const waitMsMax = 30_000;

export interface FollowedInteractions {
  /** Waits until all that stands on the topic was taken, and stops. */
  toEnd(): Promise<void>;
}

/** Reads interactions from now on, for judging answers by what stands on the topic. */
export async function followInteractions(
  config: CommonConfig,
  take: (placed: Placed) => void,
): Promise<FollowedInteractions> {
  const topic = topicName(config.prefix, interactions);
  const decoder = openDecoder<Interaction>(config, interactions);
  const next = await endsOf(config, topic);
  const failed = Promise.withResolvers<void>();
  failed.promise.catch(() => undefined);
  const following = await followFrom({
    kafka: config.kafka,
    from: new Map([[topic, next]]),
    onFatal: failed.reject,
    onRecords: async (records) => {
      await decoder.prepare(records.map(({ value }) => value));
      for (const { value, offset, partition } of records) {
        const decoded = decoder.decode(value);
        next[partition] = offset + 1;
        if (!decoded.ok || isReserved(decoded.value.type)) continue;
        const { user_id: userId, item_id: itemId, occurred_at: atMs } = decoded.value;
        take({ userId, itemId, atMs, offset });
      }
      return undefined;
    },
  });
  await following.joined;
  const toEnd = async (): Promise<void> => {
    const ends = await endsOf(config, topic);
    const giveUpMs = monotonicMs() + waitMsMax;
    const behind = (): boolean => ends.some((end, partition) => (next[partition] ?? 0) < end);
    while (behind() && monotonicMs() < giveUpMs) await pause(100);
    await following.stop();
    if (behind()) throw new Error('the interactions were not read to their end in time');
  };
  return { toEnd };
}
