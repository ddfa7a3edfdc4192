import type { CommonConfig } from '../../lib/config/common.ts';
import { installationOf } from '../../lib/config/topic-set.ts';
import type { KafkaAdmin } from '../../lib/kafka/admin.ts';
import { requests } from '../../topics/requests.ts';
import { topicName } from '../../topics/topic.ts';

export type AnswersBeside = () => Promise<boolean | null>;

/**
 * Tells whether anybody has asked for answers since it was called last; null at first, when nobody
 * knows. Where that cannot be seen (the topic is not there, a broker is away) nobody has: what is
 * folded does not depend on it.
 */
export function answersBeside(
  admin: Pick<KafkaAdmin, 'partitionCounts' | 'topicOffsets'>,
  { prefix }: Pick<CommonConfig, 'prefix'>,
): AnswersBeside {
  const topic = topicName(installationOf(prefix), requests);
  let isThere = false;
  let before: number | null = null;
  const look = async (): Promise<number> => {
    // The client asks for the offsets of a topic that is not there for many seconds before it fails.
    isThere ||= (await admin.partitionCounts([topic])).has(topic);
    if (!isThere) return 0;
    return (await admin.topicOffsets(topic)).reduce((sum, { high }) => sum + high, 0);
  };
  return async () => {
    const asked = await look().catch(() => 0);
    const isMore = before === null ? null : asked > before;
    before = asked;
    return isMore;
  };
}
