import type { CommonConfig } from '../../lib/config/common.ts';
import { prefixOfSet } from '../../lib/config/topic-set.ts';
import { UserError } from '../../lib/errors.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
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
    for (let above = 1; ; above += 1) {
      const name = topicName(prefixOfSet(config.prefix, above + 1), interactions);
      if (!(await admin.partitionCounts([name])).has(name)) return above;
    }
  } finally {
    await admin.close();
  }
}
