import { byteRows, type Fold } from '../../lib/stream/topology.ts';
import type { UserSide } from '../../models/model.ts';
import { sessionGapMs } from '../../models/profile.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import { interactionFields, interactionsInput } from '../../topics/interactions-input.ts';
import type { ValueDecoder } from '../../topics/placed-input.ts';
import { packing, type PackingOptions, type UserSignals } from './packing.ts';
import {
  newestVisitMs,
  noteVisit,
  readRecents,
  recentsLayout,
  type RecentsOptions,
  sessionStartOf,
} from './recents.ts';
import { distinctSides } from './sides.ts';
import { EventVisitor } from './visitor.ts';

const fields = [
  'user_id',
  'item_id',
  'type',
  'occurred_at',
  'event_clock',
  'lineage',
  'source_partition',
  'source_offset',
] as const;
export type SignalInteraction = Pick<Interaction, (typeof fields)[number]>;
export const signalInteractionSchema = interactionFields(fields);

export interface SignalsOptions extends RecentsOptions {
  /** Full name of the topic `interactions`. */
  readonly topic: string;
  readonly lineage: string;
  readonly decoder: ValueDecoder<SignalInteraction>;
  /** The user sides of all kinds, which may share some. */
  readonly sides: readonly UserSide[];
  readonly packing: PackingOptions;
  /** A user counts as unknown after this long without an event. */
  readonly horizonMs: number;
}

/**
 * What each interaction teaches about items, given the user's recent items. A late event is
 * paired with all recent items, also those after it; the kinds see the times.
 */
export function signalsFold(options: SignalsOptions): Fold<SignalInteraction, Buffer, UserSignals> {
  const { types, recentItemsMax, horizonMs } = options;
  const sides = distinctSides(options.sides);
  const typeIndexes = new Map(types.map((type, index) => [type, index]));
  return {
    name: 'signals',
    code: 'g',
    revision: 2,
    layout: recentsLayout,
    config: {
      types,
      recentItemsMax,
      sessionGapMs,
      channels: sides.map(({ channel }) => channel),
    },
    family: 'user',
    input: interactionsInput(options),
    rows: byteRows,
    shared: null,
    cacheBytesMax: 0,
    emission: packing(options.packing),
    horizon: { ms: horizonMs, lastMs: newestVisitMs, unitMs: atMsOf },
    fold(row, { input }, context) {
      const typeIndex = typeIndexes.get(input.type);
      if (typeIndex === undefined) {
        context.skip('unknown_type');
        return null;
      }
      const { item_id: itemId, event_clock: clock } = input;
      const atMs = atMsOf(input);
      const known = readRecents(row, types);
      const visitor = new EventVisitor(input.user_id, sessionStartOf(known, atMs));
      const channels = sides.map((side) => ({
        channel: side.channel,
        signals: side.signals(itemId, atMs, known.items, visitor),
      }));
      context.emit({ atMs, clock, typeIndex, channels });
      return noteVisit(row, known, { visit: { itemId, atMs, typeIndex }, options });
    },
  };
}

/** Ingest lets nothing older than years through; a time before 1970 would not fit the layout. */
const atMsOf = (input: SignalInteraction): number => Math.max(0, input.occurred_at);
