import { openEncoder } from '../lib/avro/encoder.ts';
import type { OutMessage } from '../lib/kafka/log-record.ts';
import { openOutbox } from '../lib/kafka/outbox.ts';
import { partitionOf } from '../lib/kafka/partitioner.ts';
import { type Item, itemSchema } from '../schemas/generated/item.ts';
import { type UserEvent, userEventSchema } from '../schemas/generated/user-event.ts';
import { items as itemsTopic } from '../topics/items.ts';
import { topicName } from '../topics/topic.ts';
import { userEvents } from '../topics/user-events.ts';
import type { Bed } from './bed.ts';
import { itemOf } from './synthetic.ts';

const sendRecordsMax = 10_000;
/** A busy machine may hold the broker up; nothing is measured yet. */
const sendMsMax = 120_000;

/** Puts events on `user-events`, by user as the Java client does; returns how many. */
export async function publishEvents(
  bed: Bed,
  events: Iterable<UserEvent>,
  onSent: (count: number) => void = () => undefined,
): Promise<number> {
  const { prefix, partitions } = bed.config;
  const topic = topicName(prefix, userEvents);
  const encode = await openEncoder<UserEvent>(bed.registry, `${topic}-value`, userEventSchema);
  const messages = function* messages(): Generator<OutMessage> {
    for (const event of events) {
      const { user_id: key } = event;
      yield { topic, partition: partitionOf(key, partitions), key, value: encode(event) };
    }
  };
  return sendAll(bed, messages(), onSent);
}

/** Every item of the world, so that the rule `available` finds it. */
export async function publishItems(bed: Bed, itemIds: readonly string[]): Promise<number> {
  const topic = topicName(bed.config.prefix, itemsTopic);
  const encode = await openEncoder<Item>(bed.registry, `${topic}-value`, itemSchema);
  const messages = itemIds.map((key, number) => ({
    topic,
    key,
    value: encode(itemOf(key, number)),
  }));
  return sendAll(bed, messages, () => undefined);
}

async function sendAll(
  bed: Bed,
  messages: Iterable<OutMessage>,
  onSent: (count: number) => void,
): Promise<number> {
  const outbox = await openOutbox(
    { ...bed.config.kafka, clientId: 'bench.publish' },
    { sendMsMax },
  );
  let sent = 0;
  try {
    let batch: OutMessage[] = [];
    const flush = async (): Promise<void> => {
      await outbox.send(batch);
      sent += batch.length;
      batch = [];
      onSent(sent);
    };
    for (const message of messages) {
      batch.push(message);
      if (batch.length >= sendRecordsMax) await flush();
    }
    await flush();
  } finally {
    await outbox.close();
  }
  return sent;
}
