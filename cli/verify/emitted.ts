import type { TopicDecoder } from '../../lib/avro/decoder.ts';
import { encoderFor } from '../../lib/avro/encoder.ts';
import type { LogRecord, OutMessage } from '../../lib/kafka/log-record.ts';
import { userSides } from '../../models/kinds.ts';
import { type Interaction, interactionSchema } from '../../schemas/generated/interaction.ts';
import type { SignalPack } from '../../schemas/generated/signal-pack.ts';
import { readSignals } from '../../schemas/packed/signals-reader.ts';
import { mergedType } from '../../topics/reserved-types.ts';
import { repartitionedAt } from '../../topics/repartitioned-exposures.ts';
import { digestOf, type Entry } from './ledger.ts';

/** A message, found on a topic or expected there. */
export interface Emitted {
  readonly partition: number;
  readonly key: Buffer | string | null;
  readonly value: Buffer | null;
  readonly headers?: OutMessage['headers'] | LogRecord['headers'];
}

/** Takes messages apart into entries; null: not emitted by the generation that is verified. */
export interface EmittedReader {
  /** Whether what one source record brings forth is on one partition, or on several. */
  readonly toOnePartition: boolean;
  prepare(messages: readonly Emitted[]): Promise<void>;
  entries(message: Emitted): readonly Entry[] | null;
}

/** An interaction is one entry, and its content is the whole message. */
export function interactionsReader(
  decoder: TopicDecoder<Interaction>,
  lineage: string,
): EmittedReader {
  // With a schema id of its own: the same content counts as the same under any version.
  const encode = encoderFor<Interaction>(interactionSchema, 0);
  return {
    toOnePartition: true,
    prepare: (messages) => decoder.prepare(messages.map(({ value }) => value)),
    entries: ({ partition: target, key, value }) => {
      const decoded = decoder.decode(value);
      if (!decoded.ok || decoded.value.lineage !== lineage) return null;
      const { source_partition: source, source_offset: offset } = decoded.value;
      const content = Buffer.concat([Buffer.from(`${String(key)}|`), encode(decoded.value)]);
      // Of a merge there are two: one for each user.
      const aside = decoded.value.type === mergedType;
      return [{ source, offset, target, aside, digest: digestOf(content) }];
    },
  };
}

/** A repartitioned record is the same bytes, and says in a header where they are from. */
export const repartitionedReader: EmittedReader = {
  toOnePartition: true,
  prepare: async () => undefined,
  entries: ({ partition: target, key, value, headers }) => {
    const position = repartitionedAt(headers ?? {}, '');
    if (position === null) return null;
    const { partition: source, offset } = position;
    const content = Buffer.concat([Buffer.from(`${String(key)}|`), value ?? Buffer.alloc(0)]);
    return [{ source, offset, target, aside: false, digest: digestOf(content) }];
  },
};

/**
 * A pack holds the signals of many interactions for one partition. How packs are cut is up to the
 * slices; what is compared is what they hold, interaction by interaction.
 */
export function signalsReader(
  decoder: TopicDecoder<SignalPack>,
  { lineage, types }: { lineage: string; types: readonly string[] },
): EmittedReader {
  const channels = userSides.map(({ channel }) => channel);
  return {
    toOnePartition: false,
    prepare: (messages) => decoder.prepare(messages.map(({ value }) => value)),
    entries: ({ partition: target, value }) => {
      const decoded = decoder.decode(value);
      if (!decoded.ok || decoded.value.lineage !== lineage) return null;
      const { source_partition: source, signals } = decoded.value;
      const contents = new Map<number, string>();
      for (const channel of channels) {
        readSignals(signals, { channel, types }, ({ item, others, notes }, context, offset) => {
          const { atMs, clock, type } = context;
          const parts = [channel, atMs, clock, type, item, ...others, notes.join()];
          contents.set(offset, `${contents.get(offset) ?? ''}${parts.join('\0')}\n`);
        });
      }
      // Channels were read one after the other: back into the order of their interactions.
      const inOrder = [...contents].toSorted(([a], [b]) => a - b);
      return inOrder.map(([offset, content]) => ({
        source,
        offset,
        target,
        digest: digestOf(content),
      }));
    },
  };
}
