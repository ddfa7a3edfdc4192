import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { topics } from '../../topics/all.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { schemaText } from '../../schemas/check.ts';

/** By its short or its full name. */
export function findTopic(config: CommonConfig, name: string): Topic {
  const found = topics.find(
    (topic) => topic.thing === name || topicName(config.prefix, topic) === name,
  );
  if (found !== undefined) return found;
  const known = topics.map(({ thing }) => thing).join(', ');
  throw new UserError(`there is no topic '${name}'; there are: ${known}`);
}

export function openDecoder<T>(config: CommonConfig, topic: Topic): TopicDecoder<T> {
  return new TopicDecoder<T>({
    registry: openRegistry(config.registry),
    subject: `${topicName(config.prefix, topic)}-value`,
    schema: JSON.parse(schemaText(topic.schema)) as object,
    valueBytesMax: topic.messageBytesMax,
  });
}
