import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import { now } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { offsetsSince } from '../../lib/kafka/offsets-since.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import { interactionFields } from '../../topics/interactions-input.ts';
import { interactions } from '../../topics/interactions.ts';
import { itemSignals } from '../../topics/item-signals.ts';
import { topicName } from '../../topics/topic.ts';
import type { WarmLog } from './warm-partition.ts';

const dayMs = 86_400_000;

/** Reads beside the service's own group: neither moves the other. */
export function warmLogOf(config: CommonConfig): WarmLog {
  const kafka = { ...config.kafka, clientId: `${config.prefix}.candidates` };
  const topic = topicName(config.prefix, interactions);
  const decoder = new TopicDecoder<Pick<Interaction, 'user_id'>>({
    registry: openRegistry(config.registry),
    subject: `${topic}-value`,
    schema: interactionFields(['user_id']),
    valueBytesMax: interactions.messageBytesMax,
  });
  return {
    since: (days) => offsetsSince(kafka, topic, now() - days * dayMs),
    signalEnds: async () => {
      const found = await offsetsSince(kafka, topicName(config.prefix, itemSignals), now());
      return found.map(({ end }) => end);
    },
    users: async function* users(partition, { from, end }) {
      const of = (offset: number): number[] =>
        Array.from({ length: config.partitions }, (_, at) => (at === partition ? offset : 0));
      // Nothing lies between 0 and 0: of other partitions nothing is read.
      for await (const records of readLog({ kafka, topic, from: of(from), to: of(end) })) {
        await decoder.prepare(records.map(({ value }) => value));
        yield records.flatMap(({ value }) => {
          const decoded = decoder.decode(value);
          return decoded.ok ? [decoded.value.user_id] : [];
        });
      }
    },
  };
}
