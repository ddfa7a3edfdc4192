import type { EngineEvent } from '../../cli/evaluate/engine.ts';
import { interactionOf } from '../../cli/evaluate/interaction.ts';
import type { UserSettings } from '../../cli/evaluate/users.ts';
import type { Fold, Unit } from '../../lib/stream/topology.ts';
import type { ModelDefinition } from '../../models/definitions.ts';
import { kinds, userSides } from '../../models/kinds.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import { learnerOf } from '../../services/learning/learners.ts';
import { type ItemSignal, type Learner, learningFold } from '../../services/learning/topology.ts';
import { seenItemsFold } from '../../services/seen-items/topology.ts';
import type { UserSignals } from '../../services/signals/packing.ts';
import { signalsFold } from '../../services/signals/topology.ts';
import { userFeaturesFold } from '../../services/user-features/topology.ts';
import type { ValueDecoder } from '../../topics/placed-input.ts';
import { SweptFold } from './swept-fold.ts';

/** What is stored right after a sweep. */
export interface LinePoint {
  readonly events: number;
  readonly user_features_bytes: number;
  readonly seen_items_bytes: number;
  readonly signals_bytes: number;
  readonly learning_bytes: number;
  readonly ladder_bytes: number;
  readonly total_bytes: number;
  readonly users: number;
  readonly items: number;
  /** Rows that this sweep deleted. */
  readonly swept: number;
  readonly rss_mb: number;
}

/** Interactions are handed over as they are: nothing is encoded, so nothing is decoded. */
const unread: ValueDecoder<never> = {
  prepare: async () => undefined,
  decode: () => ({ ok: false, reason: 'undecodable', detail: 'there is no log' }),
};
const noLog = { topic: '', lineage: '', decoder: unread };

const learnerFor = ({ kind, learning }: ModelDefinition): Learner => {
  const learner = learnerOf({ kind, learning }, kinds);
  if (learner === null) throw new Error(`${kind} learns nothing`);
  return learner;
};

/** All that is stored of users, and of items by one model: the services' folds, one partition. */
export class StoredState {
  readonly #features: SweptFold<Interaction, Buffer>;
  readonly #seen: SweptFold<Interaction, Buffer>;
  readonly #signals: SweptFold<Interaction, Buffer, UserSignals>;
  readonly #learning: SweptFold<ItemSignal, unknown, never, unknown>;
  #events = 0;

  constructor(definition: ModelDefinition, settings: UserSettings) {
    const { types, features, seen, recentItemsMax, horizonMs } = settings;
    const learner = learnerFor(definition);
    const sides = userSides.filter(({ channel }) => channel === learner.channel);
    const packing = { topic: '', partitions: 1, packBytesMax: 0, encode: () => Buffer.alloc(0) };
    const common = { ...noLog, types, horizonMs };
    this.#features = new SweptFold(userFeaturesFold({ ...common, limits: features }));
    this.#seen = new SweptFold(seenItemsFold({ ...common, limits: seen }));
    this.#signals = new SweptFold(
      signalsFold({ ...common, recentItemsMax, sides, packing }) as Fold<
        Interaction,
        Buffer,
        UserSignals
      >,
    );
    this.#learning = new SweptFold(learningFold({ ...common, learner, cacheBytesMax: 0 }));
  }

  take(event: EngineEvent): void {
    this.#events += 1;
    const input = interactionOf(event, this.#events);
    const unit = { input, key: event.userId, position: null };
    this.#features.take([unit]);
    this.#seen.take([unit]);
    for (const { atMs, clock, channels } of this.#signals.take([unit])) {
      const context = { atMs, clock, type: event.type };
      const units = channels.flatMap(({ signals }) =>
        signals.map(
          ({ item, others, notes }): Unit<ItemSignal> => ({
            input: { item, others, notes, context },
            key: item,
            position: null,
          }),
        ),
      );
      this.#learning.take(units);
    }
  }

  /** Sweeps, and says what is left. */
  sweep(): LinePoint {
    const users = [this.#features, this.#seen, this.#signals] as const;
    const swept = [...users, this.#learning].reduce((sum, fold) => sum + fold.sweep(), 0);
    const [features, seen, signals] = users;
    const bytes = {
      user_features_bytes: features.bytes(),
      seen_items_bytes: seen.bytes(),
      signals_bytes: signals.bytes(),
      learning_bytes: this.#learning.bytes(),
      ladder_bytes: this.#learning.sharedBytes(),
    };
    return {
      events: this.#events,
      ...bytes,
      total_bytes: Object.values(bytes).reduce((sum, one) => sum + one, 0),
      users: features.size,
      items: this.#learning.size,
      swept,
      rss_mb: Math.round(process.memoryUsage().rss / 2 ** 20),
    };
  }
}

/** By how much the line rises per event, over its second half: least squares. */
export function slopeOf(series: readonly LinePoint[]): number {
  const half = series.slice(Math.floor(series.length / 2));
  const mean = (of: (point: LinePoint) => number): number =>
    half.reduce((sum, point) => sum + of(point), 0) / half.length;
  const [x, y] = [mean(({ events }) => events), mean(({ total_bytes }) => total_bytes)];
  const square = mean(({ events }) => (events - x) ** 2);
  if (square === 0) return Number.NaN;
  return mean(({ events, total_bytes }) => (events - x) * (total_bytes - y)) / square;
}
