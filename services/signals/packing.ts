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

interface Open {
  readonly writer: SignalPackWriter;
  /** Offset of the interaction that the writer was last given. */
  begun: number;
}

class Packs {
  readonly #options: PackingOptions;
  readonly #from: From;
  readonly #open = new Map<number, Open>();
  readonly #partitionOf = new Map<string, number>();
  readonly #messages: OutMessage[] = [];

  constructor(options: PackingOptions, from: From) {
    this.#options = options;
    this.#from = from;
  }

  add(out: UserSignals, offset: number): void {
    for (const { channel, signals } of out.channels)
      for (const signal of signals)
        this.#writer(this.#partition(signal.item), out, offset).add(channel, signal);
  }

  /** The partition's pack, begun for this interaction; a full one is closed between two. */
  #writer(partition: number, out: UserSignals, offset: number): SignalPackWriter {
    let open = this.#open.get(partition);
    if (open?.begun === offset) return open.writer;
    if (open !== undefined && open.writer.bytes >= this.#options.packBytesMax) {
      this.#close(partition, open.writer);
      open = undefined;
    }
    open ??= { writer: new SignalPackWriter(), begun: -1 };
    const { atMs, clock, typeIndex } = out;
    open.writer.begin({ offset, atMs, clock, typeIndex });
    open.begun = offset;
    this.#open.set(partition, open);
    return open.writer;
  }

  finish(): OutMessage[] {
    for (const [partition, { writer }] of this.#open) this.#close(partition, writer);
    return this.#messages;
  }

  #close(partition: number, writer: SignalPackWriter): void {
    const { firstOffset, lastOffset } = writer;
    const value = this.#options.encode({
      lineage: this.#from.lineage,
      source_partition: this.#from.partition,
      first_offset: firstOffset,
      last_offset: lastOffset,
      signals: writer.finish(),
    });
    this.#messages.push({ topic: this.#options.topic, partition, key: null, value });
  }

  #partition(item: string): number {
    const known = this.#partitionOf.get(item);
    if (known !== undefined) return known;
    const partition = partitionOf(item, this.#options.partitions);
    this.#partitionOf.set(item, partition);
    return partition;
  }
}
