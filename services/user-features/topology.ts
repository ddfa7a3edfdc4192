import { byteRows, type Fold, gone } from '../../lib/stream/topology.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import {
  attributesLayout,
  featuresLayout,
  lastSeenMs,
  otherType,
  typeNumber,
  withAttributes,
  withoutAttributes,
} from '../../schemas/packed/user-features.ts';
import { interactionsInput } from '../../topics/interactions-input.ts';
import type { ValueDecoder } from '../../topics/placed-input.ts';
import { actsOf, endsUser } from '../../topics/reserved-types.ts';
import { noteAttributes } from './attributes.ts';
import { type FeatureLimits, noteAct } from './user-features.ts';

export interface UserFeaturesOptions {
  /** Full name of the topic `interactions`. */
  readonly topic: string;
  /** Lineage of the ingest generation that is read. */
  readonly lineage: string;
  readonly decoder: ValueDecoder<Interaction>;
  /** The configured types of events, in order: stored by their place in it. */
  readonly types: readonly string[];
  readonly limits: FeatureLimits;
  /** A user counts as unknown after this long without an event. */
  readonly horizonMs: number;
  /** Attributes of interactions that are kept, in order: stored by their place in it. */
  readonly attributes?: readonly string[] | undefined;
}

export function userFeaturesFold(options: UserFeaturesOptions): Fold<Interaction, Buffer> {
  const { types, limits, horizonMs, attributes = [] } = options;
  const keepsAttributes = attributes.length > 0;
  const numbers = new Map(types.map((type) => [type, typeNumber(types, type)]));
  return {
    name: 'user-features',
    code: 'f',
    revision: 3,
    layout: keepsAttributes ? attributesLayout : featuresLayout,
    // Nothing changes, not even the identity, where nothing of it is configured.
    config: { ...limits, types, ...(keepsAttributes ? { attributes } : {}) },
    family: 'user',
    input: interactionsInput(options),
    rows: byteRows,
    shared: null,
    cacheBytesMax: 0,
    emission: null,
    horizon: { ms: horizonMs, lastMs: lastSeenMs, unitMs: atMsOf },
    fold: (row, { input }) => {
      if (endsUser(input.type)) return gone;
      const acts = actsOf(input);
      if (acts.length === 0) return null;
      const given = { given: input.attributes, atMs: atMsOf(input) };
      const known = keepsAttributes ? noteAttributes(row, given, attributes) : [];
      let own = keepsAttributes && row !== undefined ? withoutAttributes(row) : row;
      for (const one of acts) {
        const type = numbers.get(one.type) ?? otherType;
        own = noteAct(own, { itemId: one.item_id, atMs: atMsOf(one), type }, limits);
      }
      return own === undefined ? null : keepsAttributes ? withAttributes(known, own) : own;
    },
  };
}

/** Ingest lets nothing older than years through; a time before 1970 would not fit the layout. */
const atMsOf = ({ occurred_at: atMs }: Pick<Interaction, 'occurred_at'>): number =>
  Math.max(0, atMs);
