import type { KafkaAdmin, PartitionOffsets } from '../kafka/admin.ts';
import type { LogRecord, OutMessage } from './topology.ts';

/**
 * How what a client asks comes to a broker or to Redis, and the answer back. The simulation's lines
 * delay, lose and repeat; see plainLine for one that does nothing of the kind.
 */
export interface Line {
  /** `effect` happens over there; its result comes back, or a fault of the line's own choice. */
  call<T>(what: string, effect: () => T | Promise<T>): Promise<T>;
  /** What the client does by itself, some time later. */
  soon(what: string, act: () => void): void;
}

export const plainLine: Line = {
  call: async (_what, effect) => effect(),
  soon: (_what, act) => void setImmediate(act),
};

interface MemoryPartition {
  low: number;
  /** By offset; what retention took is still here, and out of reach. */
  readonly records: LogRecord[];
}

/** Topics of a broker, in memory. */
export class MemoryLog {
  readonly #topics = new Map<string, MemoryPartition[]>();
  readonly #watchers = new Set<(topic: string, partition: number) => void>();

  create(topic: string, partitions: number): void {
    const empty = (): MemoryPartition => ({ low: 0, records: [] });
    this.#topics.set(topic, Array.from({ length: partitions }, empty));
  }

  partitions(topic: string): number {
    return this.#topics.get(topic)?.length ?? 0;
  }

  append({ topic, partition = 0, key, value }: OutMessage, timestampMs = 0): LogRecord {
    const { records } = this.#at(topic, partition);
    const record: LogRecord = {
      topic,
      partition,
      offset: records.length,
      timestampMs,
      key: typeof key === 'string' ? Buffer.from(key) : key,
      value,
      headers: {},
    };
    records.push(record);
    for (const watch of this.#watchers) watch(topic, partition);
    return record;
  }

  /** Retention: what lies before `low` is gone. */
  trim(topic: string, partition: number, low: number): void {
    const own = this.#at(topic, partition);
    own.low = Math.max(own.low, low);
  }

  offsets(topic: string): PartitionOffsets[] {
    return (this.#topics.get(topic) ?? []).map(({ low, records }, partition) => ({
      partition,
      low,
      high: records.length,
    }));
  }

  bounds(topic: string, partition: number): { readonly low: number; readonly high: number } {
    const { low, records } = this.#at(topic, partition);
    return { low, high: records.length };
  }

  /** All that was ever there, whatever retention took. */
  records(topic: string, partition: number): readonly LogRecord[] {
    return this.#at(topic, partition).records;
  }

  watch(watcher: (topic: string, partition: number) => void): void {
    this.#watchers.add(watcher);
  }

  #at(topic: string, partition: number): MemoryPartition {
    const found = this.#topics.get(topic)?.[partition];
    if (found === undefined) throw new Error(`${topic}/${partition} is not there`);
    return found;
  }
}

/** The part of an admin client that the runner uses, on a line of its own. */
export type RunnerAdmin = Pick<
  KafkaAdmin,
  'topicOffsets' | 'groupOffsets' | 'partitionCounts' | 'clusterId' | 'close'
>;

export const memoryAdmin = (
  log: MemoryLog,
  groups: { offsets(groupId: string, topic: string): Map<number, number> },
  line: Line,
): RunnerAdmin => ({
  topicOffsets: (topic) => line.call('topic offsets', () => log.offsets(topic)),
  groupOffsets: (groupId, topic) =>
    line.call('group offsets', () => groups.offsets(groupId, topic)),
  partitionCounts: (topics) =>
    line.call('topics', () => {
      const counts = topics.map((topic): [string, number] => [topic, log.partitions(topic)]);
      return new Map(counts.filter(([, count]) => count > 0));
    }),
  clusterId: () => line.call('cluster', () => 'memory'),
  close: async () => undefined,
});
