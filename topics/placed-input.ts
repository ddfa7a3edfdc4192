import type { Input } from '../lib/stream/topology.ts';

/** What makes key and position of a record keyed by user that a service of ours emitted. */
export interface Placed {
  readonly user_id: string;
  readonly lineage: string;
  readonly source_partition: number;
  readonly source_offset: number;
}

/** The part of lib/avro's TopicDecoder that an input needs. */
export interface ValueDecoder<T> {
  open?(): Promise<void>;
  prepare(values: Iterable<Buffer | null>): Promise<void>;
  decode(
    value: Buffer | null,
  ):
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly reason: string; readonly detail: string };
}

/** What an input does before it decodes: its decoder learns the schemas. */
export const preparedBy = <T>(decoder: ValueDecoder<T>): Pick<Input<T>, 'open' | 'prepare'> => ({
  open: async () => decoder.open?.(),
  prepare: (records) => decoder.prepare(records.map(({ value }) => value)),
});

export interface PlacedInputOptions<T extends Placed> {
  /** Full name of the topic. */
  readonly topic: string;
  /** Lineage of the generation that is read. */
  readonly lineage: string;
  /** And of who else writes there. */
  readonly beside?: string;
  readonly decoder: ValueDecoder<T>;
}

const accepted = { kind: 'accept' } as const;

/** Keyed by user, deduplicated by the position of the record that it was emitted for. */
export function placedInput<T extends Placed>(options: PlacedInputOptions<T>): Input<T> {
  const { topic, lineage, beside, decoder } = options;
  return {
    topic,
    lineage,
    ...(beside === undefined ? {} : { beside }),
    ...preparedBy(decoder),
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
