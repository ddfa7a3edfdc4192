import type { Input } from '../lib/stream/topology.ts';
import { type Interaction, interactionSchema } from '../schemas/generated/interaction.ts';

/** The fields that make an interaction's key and position; every reader needs them. */
type Placed = Pick<Interaction, 'user_id' | 'lineage' | 'source_partition' | 'source_offset'>;

/** The part of lib/avro's TopicDecoder that an input needs. */
export interface ValueDecoder<T> {
  prepare(values: Iterable<Buffer | null>): Promise<void>;
  decode(
    value: Buffer | null,
  ):
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly reason: string; readonly detail: string };
}

/**
 * A reader schema with the fields that a service uses: the decoder passes over the rest, which is
 * most of the cost of an interaction.
 */
export const interactionFields = (names: readonly (keyof Interaction)[]): object => ({
  ...interactionSchema,
  fields: interactionSchema.fields.filter(({ name }) =>
    (names as readonly string[]).includes(name),
  ),
});

const accepted = { kind: 'accept' } as const;

/** How every fold over `interactions` reads it: keyed by user, deduplicated by ingest's position. */
export function interactionsInput<T extends Placed>(options: {
  /** Full name of the topic. */
  readonly topic: string;
  /** Lineage of the ingest generation that is read. */
  readonly lineage: string;
  readonly decoder: ValueDecoder<T>;
}): Input<T> {
  const { topic, lineage, decoder } = options;
  return {
    topic,
    lineage,
    prepare: (records) => decoder.prepare(records.map(({ value }) => value)),
    decode: ({ value }) => {
      const decoded = decoder.decode(value);
      if (!decoded.ok) {
        const { reason, detail } = decoded;
        return { verdict: { kind: 'reject', reason, detail } };
      }
      const input = decoded.value;
      const { source_partition: partition, source_offset: offset } = input;
      const position = { lineage: input.lineage, partition, offset };
      return { verdict: accepted, units: [{ input, key: input.user_id, position }] };
    },
  };
}
