import type { CommonConfig } from '../../lib/config/common.ts';
import { prefixOfSet } from '../../lib/config/topic-set.ts';
import { UserError } from '../../lib/errors.ts';
import { type KafkaAdmin, openAdmin } from '../../lib/kafka/admin.ts';
import { topics } from '../../topics/all.ts';
import { interactions } from '../../topics/interactions.ts';
import { topicName } from '../../topics/topic.ts';
import { applySchemas } from '../commands/schemas.ts';
import { reconcileTopics } from '../commands/topics.ts';

/** Full names of the topics that a set has of its own. */
export const topicsOfSet = (prefix: string): string[] =>
  topics
    .filter(({ partitions }) => partitions === 'internal')
    .map((topic) => topicName(prefix, topic));

/** Makes what is missing of a set's topics and subjects. */
export async function makeTopicsOf(config: CommonConfig): Promise<void> {
  await reconcileTopics(config, 'apply');
  const refused = (await applySchemas(config)).find(({ id }) => id === null);
  if (refused !== undefined) throw new UserError(`nothing was built: ${refused.refusal}`);
}

/** The highest set that has topics on the brokers: also where Redis has forgotten it. */
export async function highestSetOnBrokers(config: CommonConfig): Promise<number> {
  const admin = await openAdmin(config.kafka);
  try {
    return await highestSet(admin, config.prefix);
  } finally {
    await admin.close();
  }
}

/** So many sets in a row may have been dropped below one that is there. */
const droppedMax = 32;

/** 1, which always is, where there is no other. */
export async function highestSet(
  admin: Pick<KafkaAdmin, 'partitionCounts'>,
  prefix: string,
): Promise<number> {
  for (let highest = 1; ; ) {
    const names = Array.from({ length: droppedMax + 1 }, (_, n) =>
      topicName(prefixOfSet(prefix, highest + 1 + n), interactions),
    );
    const there = await admin.partitionCounts(names);
    const last = names.findLastIndex((name) => there.has(name));
    if (last < 0) return highest;
    highest += last + 1;
  }
}
