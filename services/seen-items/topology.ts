import { byteRows, type Fold, type Input } from '../../lib/stream/topology.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import { kindBit, seenKindsMax, seenLayout } from '../../schemas/packed/seen-items.ts';
import { type SeenLimits, seeItem } from './seen-items.ts';

/** The part of lib/avro's TopicDecoder that an input needs. */
export interface InteractionDecoder {
  prepare(values: Iterable<Buffer | null>): Promise<void>;
  decode(
    value: Buffer | null,
  ):
    | { readonly ok: true; readonly value: Interaction }
    | { readonly ok: false; readonly reason: string; readonly detail: string };
}

export interface SeenItemsOptions {
  /** Full name of the topic `interactions`. */
  readonly topic: string;
  readonly lineage: string;
  readonly decoder: InteractionDecoder;
  /** The configured types of events, in order: the first seven have a bit of their own. */
  readonly types: readonly string[];
  readonly limits: SeenLimits;
}

export function seenItemsFold(options: SeenItemsOptions): Fold<Interaction, Buffer> {
  const { types, limits } = options;
  const bits = new Map(types.map((type) => [type, kindBit(types, type)]));
  const other = kindBit([], '');
  return {
    name: 'seen-items',
    code: 's',
    revision: 1,
    layout: seenLayout,
    config: { ...limits, kinds: types.slice(0, seenKindsMax) },
    family: 'user',
    input: interactionsInput(options),
    rows: byteRows,
    shared: null,
    cacheBytesMax: 0,
    emission: null,
    fold: (row, { input }) => {
      const kind = bits.get(input.type) ?? other;
      return seeItem(row, { itemId: input.item_id, atMs: input.occurred_at, kind }, limits);
    },
  };
}

function interactionsInput(options: SeenItemsOptions): Input<Interaction> {
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
