import { type Decoded, type Fold, gone, type Json, type Unit } from '../../lib/stream/topology.ts';
import type { ItemSide, Signal, SignalContext } from '../../models/model.ts';
import type { SignalPack } from '../../schemas/generated/signal-pack.ts';
import { readSignals } from '../../schemas/packed/signals-reader.ts';
import { preparedBy, type ValueDecoder } from '../../topics/placed-input.ts';

/** A signal for one item, with what is common to the signals of its interaction. */
export interface ItemSignal extends Signal {
  readonly context: SignalContext;
}

/** What is learned: a kind and its learning configuration. Versions with equal ones share it. */
export interface Learner {
  /** `learning:<kind>-<hash of the learning configuration>`. */
  readonly name: string;
  readonly kind: string;
  readonly revision: number;
  readonly channel: number;
  readonly learning: Json;
  readonly side: ItemSide<unknown>;
}

export interface LearningOptions {
  /** Full name of the topic `item-signals`. */
  readonly topic: string;
  /** Lineage of the signals generation that is read. */
  readonly lineage: string;
  readonly decoder: ValueDecoder<SignalPack>;
  /** The configured types of events, in order: packs name them by their place in it. */
  readonly types: readonly string[];
  readonly learner: Learner;
  readonly cacheBytesMax: number;
  /** An item is forgotten after this long without a visit, where its rows say; left out: never. */
  readonly horizonMs?: number;
}

/** One learning identity as a fold over item-signals. */
export function learningFold(options: LearningOptions): Fold<ItemSignal, unknown, never, unknown> {
  const { learner, types, decoder, horizonMs } = options;
  const { side } = learner;
  const { ranking, lastMs } = side;
  return {
    name: learner.name,
    code: 'l',
    revision: learner.revision,
    layout: side.layout,
    config: { kind: learner.kind, learning: learner.learning, types },
    family: 'item',
    input: {
      topic: options.topic,
      lineage: options.lineage,
      ...preparedBy(decoder),
      decode: ({ value }) => {
        const decoded = decoder.decode(value);
        if (decoded.ok) return unitsOf(decoded.value, { channel: learner.channel, types });
        return { verdict: { kind: 'reject', reason: decoded.reason, detail: decoded.detail } };
      },
    },
    rows: side.rows,
    shared: ranking,
    cacheBytesMax: options.cacheBytesMax,
    emission: null,
    horizon:
      lastMs === undefined || horizonMs === undefined
        ? null
        : { ms: horizonMs, lastMs, unitMs: ({ context }) => Math.max(0, context.atMs) },
    fold(row, { input, key }, { shared }) {
      if (row !== undefined && side.isForgotten?.(row, input) === true) return gone;
      const next = side.learn(row, input, input.context);
      if (next !== null) ranking?.place(shared, key, next);
      return next;
    },
  };
}

const accepted = { kind: 'accept' } as const;

/** The units of a pack for one channel; other channels are passed over unread. */
const unitsOf = (
  pack: SignalPack,
  selection: { readonly channel: number; readonly types: readonly string[] },
): Decoded<ItemSignal> => {
  const { lineage, source_partition: partition } = pack;
  const units: Unit<ItemSignal>[] = [];
  let position = { lineage, partition, offset: -1 };
  const fault = readSignals(pack.signals, selection, (signal, _context, offset) => {
    if (position.offset !== offset) position = { lineage, partition, offset };
    units.push({ input: signal, key: signal.item, position });
  });
  return fault === null
    ? { verdict: accepted, units }
    : { verdict: { kind: 'reject', reason: 'undecodable', detail: `signals: ${fault}` } };
};
