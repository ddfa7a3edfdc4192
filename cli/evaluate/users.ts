import type { UserSide } from '../../models/model.ts';
import { type SeenIndex, readSeen } from '../../schemas/packed/seen-items.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import { type Subject, subjectOf } from '../../services/candidates/candidates.ts';
import type { SeenLimits } from '../../services/seen-items/seen-items.ts';
import { seenItemsFold } from '../../services/seen-items/topology.ts';
import type { UserSignals } from '../../services/signals/packing.ts';
import { type SignalInteraction, signalsFold } from '../../services/signals/topology.ts';
import { userFeaturesFold } from '../../services/user-features/topology.ts';
import type { FeatureLimits } from '../../services/user-features/user-features.ts';
import type { ValueDecoder } from '../../topics/placed-input.ts';
import { ByteFold } from './byte-fold.ts';

/** What an installation's services are configured with, as far as it shows in lists. */
export interface UserSettings {
  /** The configured types of events, in order. */
  readonly types: readonly string[];
  readonly features: FeatureLimits;
  readonly seen: SeenLimits;
  /** A visit is paired with so many of its user's items. */
  readonly recentItemsMax: number;
  readonly horizonMs: number;
}

/** Interactions are handed over as they are: nothing is encoded, so nothing is decoded. */
const unread: ValueDecoder<never> = {
  prepare: async () => undefined,
  decode: () => ({ ok: false, reason: 'undecodable', detail: 'there is no log' }),
};
const noLog = { topic: '', lineage: '', decoder: unread };

/** What the services that fold by user know of each, in memory. */
export class Users {
  readonly #types: readonly string[];
  readonly #horizonMs: number;
  readonly #features: ByteFold<Interaction>;
  readonly #signals: ByteFold<SignalInteraction, UserSignals>;
  readonly #seen: ByteFold<Interaction> | null;

  /** `sides`: those whose signals somebody learns from; `keepsSeen`: whether a rule will ask. */
  constructor(
    settings: UserSettings,
    { sides, keepsSeen }: { readonly sides: readonly UserSide[]; readonly keepsSeen: boolean },
  ) {
    const { types, features, seen, recentItemsMax, horizonMs } = settings;
    this.#types = types;
    this.#horizonMs = horizonMs;
    this.#features = new ByteFold(
      userFeaturesFold({ ...noLog, types, limits: features, horizonMs }),
    );
    const packing = { topic: '', partitions: 1, packBytesMax: 0, encode: () => Buffer.alloc(0) };
    this.#signals = new ByteFold(
      signalsFold({ ...noLog, types, recentItemsMax, sides, packing, horizonMs }),
    );
    this.#seen = keepsSeen
      ? new ByteFold(seenItemsFold({ ...noLog, types, limits: seen, horizonMs }))
      : null;
  }

  /** Folds an interaction everywhere; what it taught about items. */
  take(input: Interaction): readonly UserSignals[] {
    const { user_id: key, source_partition: partition, source_offset: offset } = input;
    const unit = { input, key, position: { lineage: '', partition, offset } };
    this.#features.take(unit);
    this.#seen?.take(unit);
    return this.#signals.take(unit);
  }

  /** Null: nothing is known of the user. */
  subject(userId: string): Subject | null {
    const features = this.#features.row(userId) ?? null;
    const seen = this.#seen?.row(userId) ?? null;
    return subjectOf(userId, { features, seen }, this.#types);
  }

  seen(userId: string): SeenIndex {
    if (this.#seen === null) throw new Error('what users have seen is not kept');
    const { newestMs } = this.#seen;
    return readSeen(this.#seen.row(userId) ?? null, { horizonMs: this.#horizonMs, newestMs });
  }

  /** Stored rows by fold, for whoever compares them. */
  get rows() {
    const { rows: features } = this.#features;
    return { features, signals: this.#signals.rows, seen: this.#seen?.rows ?? null };
  }
}
