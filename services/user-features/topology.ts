import { byteRows, type Fold } from '../../lib/stream/topology.ts';
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
    revision: 2,
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
      const type = numbers.get(input.type) ?? otherType;
      const act = { itemId: input.item_id, atMs: atMsOf(input), type };
      if (!keepsAttributes) return noteAct(row, act, limits);
      const known = noteAttributes(row, { given: input.attributes, atMs: act.atMs }, attributes);
      const own = row === undefined ? undefined : withoutAttributes(row);
      return withAttributes(known, noteAct(own, act, limits));
    },
  };
}

/** Ingest lets nothing older than years through; a time before 1970 would not fit the layout. */
const atMsOf = (input: Interaction): number => Math.max(0, input.occurred_at);
