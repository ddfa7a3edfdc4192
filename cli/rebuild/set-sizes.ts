import type { CommonConfig } from '../../lib/config/common.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import { exposures } from '../../topics/exposures.ts';
import { interactions } from '../../topics/interactions.ts';
import { repartitionedExposures } from '../../topics/repartitioned-exposures.ts';
import { topicName } from '../../topics/topic.ts';

/** How many records a set's topics will hold, by their names, as the current set has them. */
export async function sizesOfTopics(
  from: CommonConfig,
  to: CommonConfig,
): Promise<ReadonlyMap<string, number>> {
  const admin = await openAdmin(from.kafka);
  const sizeOf = async (topic: string): Promise<number> =>
    (await admin.topicOffsets(topic)).reduce((sum, { high }) => sum + high, 0);
  try {
    return new Map([
      [topicName(to.prefix, interactions), await sizeOf(topicName(from.prefix, interactions))],
      [topicName(to.prefix, repartitionedExposures), await sizeOf(topicName(to.prefix, exposures))],
    ]);
  } finally {
    await admin.close();
  }
}
