import { kafkaClient, type KafkaConfig } from './client.ts';
import { kafkaFault } from './faults.ts';

/** Records of one partition from a moment on. */
export interface OffsetsSince {
  readonly partition: number;
  /** The first record whose timestamp is not before that moment; the end where there is none. */
  readonly from: number;
  /** The offset that the next record will get. */
  readonly end: number;
}

/** Asks with a connection of its own: for what is asked for now and then. */
export async function offsetsSince(
  config: KafkaConfig,
  topic: string,
  sinceMs: number,
): Promise<OffsetsSince[]> {
  const admin = kafkaClient(config).admin();
  try {
    await admin.connect();
    // The ends first: a record between the two questions is then past the end, not before it.
    const ends = await admin.fetchTopicOffsets(topic);
    const starts = await admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, sinceMs));
    const from = new Map(starts.map(({ partition, offset }) => [partition, Number(offset)]));
    return ends
      .map(({ partition, high }) => {
        const end = Number(high);
        return { partition, from: Math.min(end, from.get(partition) ?? end), end };
      })
      .toSorted((a, b) => a.partition - b.partition);
  } catch (error) {
    throw kafkaFault(error, `offsets of ${topic}`);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
