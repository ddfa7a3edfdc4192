import { completeSince } from '../../lib/stream/horizon.ts';
import { byteRows, type Fold, gone } from '../../lib/stream/topology.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import { kindBit, lastSightMs, seenKindsMax, seenLayout } from '../../schemas/packed/seen-items.ts';
import { interactionsInput } from '../../topics/interactions-input.ts';
import type { ValueDecoder } from '../../topics/placed-input.ts';
import { actsOf, endsUser } from '../../topics/reserved-types.ts';
import { nothingSince, type SeenLimits, seeItem } from './seen-items.ts';

export interface SeenItemsOptions {
  /** Full name of the topic `interactions`. */
  readonly topic: string;
  /** Lineage of the ingest generation that is read. */
  readonly lineage: string;
  readonly decoder: ValueDecoder<Interaction>;
  /** The configured types of events, in order: the first seven have a bit of their own. */
  readonly types: readonly string[];
  readonly limits: SeenLimits;
  /** A user counts as unknown after this long without an event. */
  readonly horizonMs: number;
}

export function seenItemsFold(options: SeenItemsOptions): Fold<Interaction, Buffer> {
  const { types, limits, horizonMs } = options;
  const bits = new Map(types.map((type) => [type, kindBit(types, type)]));
  const other = kindBit([], '');
  return {
    name: 'seen-items',
    code: 's',
    revision: 2,
    layout: seenLayout,
    config: { ...limits, kinds: types.slice(0, seenKindsMax) },
    family: 'user',
    input: interactionsInput(options),
    rows: byteRows,
    shared: null,
    cacheBytesMax: 0,
    emission: null,
    horizon: {
      ms: horizonMs,
      lastMs: lastSightMs,
      unitMs: ({ occurred_at: atMs }) => Math.max(0, atMs),
    },
    fold: (row, { input }, { newestMs }) => {
      if (endsUser(input.type)) return gone;
      // The user may have been here before, and have expired.
      let known = row ?? nothingSince(completeSince(horizonMs, newestMs));
      let changed: Buffer | null = null;
      for (const { item_id: itemId, type, occurred_at: atMs } of actsOf(input)) {
        const kind = bits.get(type) ?? other;
        const next = seeItem(known, { itemId, atMs, kind }, limits);
        if (next !== null) changed = known = next;
      }
      return changed;
    },
  };
}
