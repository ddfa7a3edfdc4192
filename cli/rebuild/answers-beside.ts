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
  admin: Pick<KafkaAdmin, 'topicOffsets'>,
  { prefix }: Pick<CommonConfig, 'prefix'>,
): AnswersBeside {
  const topic = topicName(installationOf(prefix), requests);
  let before: number | null = null;
  return async () => {
    const ends = await admin.topicOffsets(topic).catch(() => []);
    const asked = ends.reduce((sum, { high }) => sum + high, 0);
    const isMore = before === null ? null : asked > before;
    before = asked;
    return isMore;
  };
}
