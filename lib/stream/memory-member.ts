import type { FetchedBatch, GroupConsumer, GroupOptions } from '../kafka/group-consumer.ts';
import type { MemoryGroup, MemoryGroups } from './memory-group.ts';
import type { Line } from './memory-log.ts';

/**
 * One consumer of a group, as kafkajs and lib/kafka/group-consumer.ts have it: what it has sought is
 * used by the next fetch, a batch is stale while such a seek is pending, positions are forgotten with
 * every assignment, and a batch of an older assignment that was fetched already is delivered.
 */
export class Member {
  generation = -1;
  readonly line: Line;
  readonly #options: GroupOptions;
  readonly #group: MemoryGroup;
  readonly #groups: MemoryGroups;
  readonly #joined: (consumer: GroupConsumer) => void;
  #handedOver = false;
  #closing = false;
  #handlers = 0;
  #idle: (() => void) | null = null;
  readonly #seeks = new Map<string, number>();
  readonly #paused = new Set<string>();
  #positions = new Map<string, number>();
  #assigned = new Set<string>();
  /** Partitions with a fetch or a batch under way; one set for each assignment. */
  #busy = new Set<string>();
  /** Resumed since they were assigned. */
  #asked = new Set<string>();

  constructor(
    options: GroupOptions,
    line: Line,
    at: {
      readonly group: MemoryGroup;
      readonly groups: MemoryGroups;
      readonly joined: (consumer: GroupConsumer) => void;
    },
  ) {
    this.#options = options;
    this.line = line;
    this.#group = at.group;
    this.#groups = at.groups;
    this.#joined = at.joined;
  }

  /** The group has changed: it joins again, and learns what it owns now. */
  notice(): void {
    this.line.soon('learn', () => this.#learn());
  }

  #learn(): void {
    const group = this.#group;
    if (this.#closing) return;
    if (!group.has(this)) return group.enter(this);
    if (group.generation === this.generation) return;
    this.generation = group.generation;
    const partitions = group.partitionsOf(this);
    this.#positions = new Map();
    this.#busy = new Set();
    this.#asked = new Set();
    const { topics, pauseOnJoin, onAssigned } = this.#options;
    const owned = topics.flatMap((topic) => partitions.map((n) => `${topic}/${n}`));
    this.#assigned = new Set(owned);
    if (pauseOnJoin === true) for (const at of owned) this.#paused.add(at);
    onAssigned?.(new Map(topics.map((topic) => [topic, partitions])));
    for (const topic of topics) for (const n of partitions) this.poke(topic, n);
    if (this.#handedOver) return;
    this.#handedOver = true;
    this.line.soon('joined', () => this.#joined(this.#handle()));
  }

  /** Fetches where something may be there. */
  poke(topic: string, partition: number): void {
    const at = `${topic}/${partition}`;
    const busy = this.#busy;
    const idle = this.#assigned.has(at) && !this.#paused.has(at) && !busy.has(at);
    if (!idle || this.#closing || this.#behind(topic, partition) <= 0) return;
    busy.add(at);
    this.line.soon('fetch', () => {
      busy.delete(at);
      if (busy === this.#busy && !this.#closing && !this.#paused.has(at))
        this.#fetch(topic, partition);
    });
  }

  #position(topic: string, partition: number): number {
    const at = `${topic}/${partition}`;
    const { low, high } = this.#groups.log.bounds(topic, partition);
    const asked =
      this.#seeks.get(at) ?? this.#positions.get(at) ?? this.#group.committed.get(at) ?? low;
    // Out of range: the client begins again at the beginning.
    return asked < low || asked > high ? low : asked;
  }

  #behind(topic: string, partition: number): number {
    const { high } = this.#groups.log.bounds(topic, partition);
    return high - this.#position(topic, partition);
  }

  #fetch(topic: string, partition: number): void {
    const at = `${topic}/${partition}`;
    const from = this.#position(topic, partition);
    this.#seeks.delete(at);
    this.#positions.set(at, from);
    const { log, choices } = this.#groups;
    const { high } = log.bounds(topic, partition);
    if (from >= high) return;
    if (!this.#asked.has(at)) this.#groups.unasked += 1;
    const records = log.records(topic, partition).slice(from, from + choices.fetched(high - from));
    const busy = this.#busy;
    busy.add(at);
    this.line.soon('deliver', () => this.#deliver({ topic, partition, from, records, high }, busy));
  }

  #deliver(
    fetch: Pick<FetchedBatch, 'topic' | 'partition' | 'from' | 'records'> & {
      readonly high: number;
    },
    busy: Set<string>,
  ): void {
    const { topic, partition, from, records, high } = fetch;
    const at = `${topic}/${partition}`;
    const stale = (): boolean => this.#closing || this.#seeks.has(at);
    let lost = false;
    const over = (): void => {
      busy.delete(at);
      if (lost) this.notice();
      if (busy === this.#busy) this.poke(topic, partition);
    };
    if (stale()) return over();
    this.#handlers += 1;
    const heartbeat = async (): Promise<void> => {
      try {
        await this.line.call('heartbeat', () => this.#group.refuseStranger(this));
      } catch (error) {
        lost = true;
        throw error;
      }
    };
    const resolve = (offset: number): void => {
      // Also of an older assignment: the client cannot tell.
      if (this.#assigned.has(at)) this.#positions.set(at, offset + 1);
    };
    this.#options
      .onBatch({
        topic,
        partition,
        highWatermark: high,
        from,
        last: records.at(-1)?.offset ?? from,
        records,
        heartbeat,
        resolve,
        stale,
      })
      .catch((error: unknown) => this.#options.onFatal(error as Error))
      .finally(() => {
        this.#handlers -= 1;
        over();
        if (this.#handlers === 0) this.#idle?.();
      });
  }

  #handle(): GroupConsumer {
    let stopping: Promise<void> | null = null;
    return {
      seek: (topic, partition, offset) => void this.#seeks.set(`${topic}/${partition}`, offset),
      pause: (topic, partition) => void this.#paused.add(`${topic}/${partition}`),
      resume: (topic, partition) => {
        this.#paused.delete(`${topic}/${partition}`);
        this.#asked.add(`${topic}/${partition}`);
        this.poke(topic, partition);
      },
      commit: (offsets) =>
        this.line.call('commit offsets', () => {
          this.#group.refuseStranger(this);
          for (const { topic, partition, offset } of offsets)
            this.#group.committed.set(`${topic}/${partition}`, offset);
        }),
      stop: () => (stopping ??= this.#stop()),
      joined: () => this.generation === this.#group.generation,
      healthy: () => null,
    };
  }

  async #stop(): Promise<void> {
    this.#closing = true;
    if (this.#handlers > 0) await new Promise<void>((done) => (this.#idle = done));
    await this.line.call('leave', () => this.#group.leave(this)).catch(() => undefined);
  }
}
