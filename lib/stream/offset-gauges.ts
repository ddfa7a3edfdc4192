import { messageOf } from '../errors.ts';
import type { FetchedBatch, GroupConsumer } from '../kafka/group-consumer.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

interface Hint {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/**
 * How far each partition is, told to Prometheus and to the group. The group's committed offset is
 * a hint and what lag is measured by; losing one is harmless, since Redis has the offset of record.
 */
export class OffsetGauges {
  readonly #service: string;
  readonly #topics: readonly string[];
  readonly #metrics: Metrics;
  readonly #log: Logger;
  #hints = new Map<string, Hint>();

  constructor(options: {
    readonly service: string;
    readonly topics: readonly string[];
    readonly metrics: Metrics;
    readonly log: Logger;
  }) {
    this.#service = options.service;
    this.#topics = options.topics;
    this.#metrics = options.metrics;
    this.#log = options.log;
  }

  paused(partition: number, paused: boolean): void {
    const labels = { service: this.#service, partition: String(partition) };
    this.#metrics.set('freshet_partition_paused', labels, Number(paused));
  }

  stopped(partition: number): void {
    const labels = { service: this.#service, partition: String(partition) };
    this.#metrics.set('freshet_partition_stopped', labels, 1);
  }

  folded({ topic, partition, highWatermark }: FetchedBatch, offset: number): void {
    const labels = { service: this.#service, topic, partition: String(partition) };
    this.#metrics.set('freshet_offset', labels, offset);
    this.#metrics.set('freshet_lag_records', labels, Math.max(0, highWatermark - offset));
    this.#hints.set(`${topic}|${partition}`, { topic, partition, offset });
  }

  /** Whoever owns it now says how it is. */
  forget(partition: number): void {
    const own = { service: this.#service, partition: String(partition) };
    this.#metrics.forget('freshet_partition_paused', own);
    this.#metrics.forget('freshet_partition_stopped', own);
    for (const topic of this.#topics) {
      const labels = { service: this.#service, topic, partition: String(partition) };
      this.#metrics.forget('freshet_offset', labels);
      this.#metrics.forget('freshet_lag_records', labels);
      this.#hints.delete(`${topic}|${partition}`);
    }
  }

  async flush(group: GroupConsumer | null): Promise<void> {
    if (this.#hints.size === 0 || group === null || !group.joined()) return;
    const hints = [...this.#hints.values()];
    this.#hints = new Map();
    try {
      await group.commit(hints);
    } catch (error) {
      this.#log.debug(`offset hints were not committed: ${messageOf(error)}`);
    }
  }
}
