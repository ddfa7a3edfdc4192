import { partitionOf } from '../../lib/kafka/partitioner.ts';
import type { Emission, OutMessage } from '../../lib/stream/topology.ts';
import type { Signal } from '../../models/model.ts';
import type { SignalPack } from '../../schemas/generated/signal-pack.ts';
import { SignalPackWriter } from '../../schemas/packed/signals.ts';

/** What one interaction taught, by channel in the order of the sides. */
export interface UserSignals {
  readonly atMs: number;
  readonly clock: number;
  readonly typeIndex: number;
  readonly channels: readonly {
    readonly channel: number;
    readonly signals: readonly Signal[];
  }[];
}

export interface PackingOptions {
  /** Full name of the topic `item-signals`. */
  readonly topic: string;
  readonly partitions: number;
  readonly encode: (pack: SignalPack) => Buffer;
  /** A pack is closed by the interaction that brings it to this size. */
  readonly packBytesMax: number;
}

interface From {
  readonly lineage: string;
  readonly partition: number;
}

/**
 * Packs signals by the partition of their item. All signals of one interaction for one partition
 * lie in one pack, because readers compare positions per interaction (DESIGN 4.5). Where packs
 * are cut depends on the slice; what they hold together does not.
 */
export const packing = (options: PackingOptions): Emission<UserSignals> => ({
  topic: options.topic,
  partitions: options.partitions,
  messages: (outs, from) => {
    const packs = new Packs(options, from);
    for (const { out, offset } of outs) packs.add(out, offset);
    return packs.finish();
  },
});

class Packs {
  readonly #options: PackingOptions;
  readonly #from: From;
  readonly #writers: SignalPackWriter[];
  /** Offset of the interaction that each writer was last given. */
  readonly #begun: number[];
  readonly #partitionOf = new Map<string, number>();
  readonly #messages: OutMessage[] = [];

  constructor(options: PackingOptions, from: From) {
    this.#options = options;
    this.#from = from;
    this.#writers = Array.from({ length: options.partitions }, () => new SignalPackWriter());
    this.#begun = this.#writers.map(() => -1);
  }

  add(out: UserSignals, offset: number): void {
    const { atMs, clock, typeIndex } = out;
    for (const { channel, signals } of out.channels) {
      for (const signal of signals) {
        const partition = this.#partition(signal.item);
        const writer = this.#writers[partition] as SignalPackWriter;
        if (this.#begun[partition] !== offset) {
          this.#begun[partition] = offset;
          writer.begin({ offset, atMs, clock, typeIndex });
        }
        writer.add(channel, signal);
      }
    }
    for (const [partition, writer] of this.#writers.entries())
      if (writer.bytes >= this.#options.packBytesMax) this.#close(partition);
  }

  finish(): OutMessage[] {
    for (const [partition, writer] of this.#writers.entries())
      if (!writer.empty) this.#close(partition);
    return this.#messages;
  }

  #close(partition: number): void {
    const writer = this.#writers[partition] as SignalPackWriter;
    const { firstOffset, lastOffset } = writer;
    const value = this.#options.encode({
      lineage: this.#from.lineage,
      source_partition: this.#from.partition,
      first_offset: firstOffset,
      last_offset: lastOffset,
      signals: writer.finish(),
    });
    this.#messages.push({ topic: this.#options.topic, partition, key: null, value });
    this.#writers[partition] = new SignalPackWriter();
    this.#begun[partition] = -1;
  }

  #partition(item: string): number {
    const known = this.#partitionOf.get(item);
    if (known !== undefined) return known;
    const partition = partitionOf(item, this.#options.partitions);
    this.#partitionOf.set(item, partition);
    return partition;
  }
}
