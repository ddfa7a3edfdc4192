import { byteRows, type Fold, type Input } from '../../lib/stream/topology.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import { featuresLayout, otherType, typeNumber } from '../../schemas/packed/user-features.ts';
import { type FeatureLimits, noteAct } from './user-features.ts';

/** The part of lib/avro's TopicDecoder that an input needs. */
export interface InteractionDecoder {
  prepare(values: Iterable<Buffer | null>): Promise<void>;
  decode(
    value: Buffer | null,
  ):
    | { readonly ok: true; readonly value: Interaction }
    | { readonly ok: false; readonly reason: string; readonly detail: string };
}

export interface UserFeaturesOptions {
  /** Full name of the topic `interactions`. */
  readonly topic: string;
  readonly lineage: string;
  readonly decoder: InteractionDecoder;
  /** The configured types of events, in order: stored by their place in it. */
  readonly types: readonly string[];
  readonly limits: FeatureLimits;
}

export function userFeaturesFold(options: UserFeaturesOptions): Fold<Interaction, Buffer> {
  const { types, limits } = options;
  const numbers = new Map(types.map((type) => [type, typeNumber(types, type)]));
  return {
    name: 'user-features',
    code: 'f',
    revision: 1,
    layout: featuresLayout,
    config: { ...limits, types },
    family: 'user',
    input: interactionsInput(options),
    rows: byteRows,
    shared: null,
    cacheBytesMax: 0,
    emission: null,
    fold: (row, { input }) => {
      const type = numbers.get(input.type) ?? otherType;
      // Ingest lets nothing older than years through; a time before 1970 would not fit the layout.
      const atMs = Math.max(0, input.occurred_at);
      return noteAct(row, { itemId: input.item_id, atMs, type }, limits);
    },
  };
}

function interactionsInput(options: UserFeaturesOptions): Input<Interaction> {
  const { topic, lineage, decoder } = options;
  return {
    topic,
    lineage,
    prepare: (records) => decoder.prepare(records.map((record) => record.value)),
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

const accepted = { kind: 'accept' } as const;
