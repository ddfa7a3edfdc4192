import { byteRows, type Fold, gone } from '../../lib/stream/topology.ts';
import type { UserSide } from '../../models/model.ts';
import { sessionGapMs } from '../../models/profile.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import {
  interactionFields,
  interactionsInput,
  reservedFields,
} from '../../topics/interactions-input.ts';
import type { ValueDecoder } from '../../topics/placed-input.ts';
import { endsUser, forgetType, mergeType } from '../../topics/reserved-types.ts';
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
  'occurred_at',
  'event_clock',
  'lineage',
  'source_partition',
  'source_offset',
  ...reservedFields,
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
    revision: 3,
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
      if (endsUser(input.type)) {
        if (input.type === forgetType) context.emit(forgetting(row, input, { sides, types }));
        return gone;
      }
      if (input.type === mergeType) return noteMerged(row, input, { typeIndexes, options });
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

/** To rows of users alone: what the user has taught of items is a sum over all users, and stays. */
function forgetting(
  row: Buffer | undefined,
  input: SignalInteraction,
  { sides, types }: { readonly sides: readonly UserSide[]; readonly types: readonly string[] },
): UserSignals {
  const visitor = new EventVisitor(input.user_id, readRecents(row, types).sessionStartMs);
  const channels = sides.map((side) => ({
    channel: side.channel,
    signals: side.forget?.(visitor) ?? [],
  }));
  return { atMs: atMsOf(input), clock: input.event_clock, typeIndex: 0, channels };
}

/** What was done before by another name has taught about its items then: here nothing is said. */
function noteMerged(
  row: Buffer | undefined,
  { merged }: Pick<SignalInteraction, 'merged'>,
  given: {
    readonly typeIndexes: ReadonlyMap<string, number>;
    readonly options: SignalsOptions;
  },
): Buffer | null {
  const { typeIndexes, options } = given;
  let own = row;
  let changed: Buffer | null = null;
  for (const one of merged) {
    const typeIndex = typeIndexes.get(one.type);
    if (typeIndex === undefined) continue;
    const visit = { itemId: one.item_id, atMs: atMsOf(one), typeIndex };
    const next = noteVisit(own, readRecents(own, options.types), { visit, options });
    if (next !== null) own = changed = next;
  }
  return changed;
}

/** Ingest lets nothing older than years through; a time before 1970 would not fit the layout. */
const atMsOf = ({ occurred_at: atMs }: Pick<SignalInteraction, 'occurred_at'>): number =>
  Math.max(0, atMs);
