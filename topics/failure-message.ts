import { openEncoder } from '../lib/avro/encoder.ts';
import type { RegistryPort } from '../lib/avro/registry.ts';
import { type FailureMessage, failureId } from '../lib/stream/poison.ts';
import { type FailedEvent, failedEventSchema } from '../schemas/generated/failed-event.ts';
import { failedEvents } from './failed-events.ts';
import { topicName } from './topic.ts';

/** How a stage's failures become records of failed-events: raw bytes, reason and position. */
export async function openFailureMessage(
  registry: RegistryPort,
  { prefix, stage }: { prefix: string; stage: string },
): Promise<FailureMessage> {
  const topic = topicName(prefix, failedEvents);
  const encode = await openEncoder<FailedEvent>(registry, `${topic}-value`, failedEventSchema);
  return ({ record, reason, detail, lineage }) => {
    // As a key of a map, `__proto__` would make the failure itself unreadable.
    const headers = Object.entries(record.headers).filter(
      ([name, bytes]) => bytes !== undefined && name !== '__proto__',
    );
    const value = encode({
      stage,
      topic: record.topic,
      partition: record.partition,
      offset: record.offset,
      reason,
      detail,
      appended_at: record.timestampMs,
      key: record.key,
      value: record.value,
      headers: Object.fromEntries(headers) as Record<string, Buffer>,
      lineage,
    });
    return { topic, key: failureId(stage, record), value };
  };
}
