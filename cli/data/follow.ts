import { randomUUID } from 'node:crypto';

import { type GroupConsumer, startGroupConsumer } from '../../lib/kafka/group-consumer.ts';
import type { KafkaConfig } from '../../lib/kafka/client.ts';
import type { LogRecord } from '../../lib/kafka/log-record.ts';

/** Next offset per topic and partition. */
export type Positions = ReadonlyMap<string, readonly number[]>;

export interface Following {
  /** Resolves when records are being fetched: whatever is sent from then on is seen. */
  readonly joined: Promise<void>;
  stop(): Promise<void>;
}

export interface FollowOptions {
  readonly kafka: KafkaConfig;
  /** Where to begin; partitions that are not named are left out. */
  readonly from: Positions;
  readonly maxWaitMs?: number;
  /** Records of one partition, in order. What it returns is where to go on, if elsewhere. */
  readonly onRecords: (records: readonly LogRecord[]) => Promise<number | undefined>;
  readonly onFatal: (error: Error) => void;
}

/**
 * Reads topics from given offsets on, under a group of its own that is never used again. Beginning
 * elsewhere than at the start takes a seek, which is only possible once the group has joined.
 */
export async function followFrom(options: FollowOptions): Promise<Following> {
  const next = new Map([...options.from].map(([topic, offsets]) => [topic, [...offsets]]));
  let group: GroupConsumer | null = null;
  let assigned: ReadonlyMap<string, readonly number[]> | null = null;
  let settle: () => void = () => undefined;
  const joined = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const begin = (): void => {
    if (group === null || assigned === null) return;
    for (const [topic, partitions] of assigned) {
      for (const partition of partitions) {
        const offset = next.get(topic)?.[partition];
        if (offset === undefined) continue;
        group.seek(topic, partition, offset);
        group.resume(topic, partition);
      }
    }
    settle();
  };
  group = await startGroupConsumer({
    kafka: options.kafka,
    groupId: `${options.kafka.clientId}.follow.${randomUUID()}`,
    topics: [...options.from.keys()],
    maxWaitMs: options.maxWaitMs ?? 100,
    pauseOnJoin: true,
    onAssigned: (partitions) => {
      assigned = partitions;
      begin();
    },
    onBatch: async ({ topic, partition, records, resolve }) => {
      const offsets = next.get(topic);
      const wanted = offsets?.[partition];
      if (offsets === undefined || wanted === undefined) return;
      const fresh = records.filter(({ offset }) => offset >= wanted);
      const last = fresh.at(-1);
      if (last === undefined) return;
      const elsewhere = await options.onRecords(fresh);
      offsets[partition] = elsewhere ?? last.offset + 1;
      resolve(last.offset);
      if (elsewhere !== undefined) group?.seek(topic, partition, elsewhere);
    },
    onFatal: options.onFatal,
  });
  begin();
  return { joined, stop: group.stop };
}
