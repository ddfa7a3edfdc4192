import type { Known } from '../../models/catalogue.ts';
import {
  type KindCatalogue,
  type ModelDefinition,
  modelVersion,
} from '../../models/definitions.ts';
import { ItemTable } from '../../models/item-table.ts';
import type { Candidate, Learned, Profile, SignalContext, World } from '../../models/model.ts';
import {
  type PersonalModel,
  type ReadyModel,
  readyModel,
} from '../../retrieval/personal-models.ts';
import type { SeenIndex } from '../../schemas/packed/seen-items.ts';
import { seedOf } from '../../services/candidates/training.ts';
import { learnersOf } from '../../services/learning/learners.ts';
import { Cost, usEachOf } from './cost.ts';
import { interactionOf } from './interaction.ts';
import { LearnedRows } from './learned-rows.ts';
import { LearnedWeights, type WeightsFigures } from './learned-weights.ts';
import { type UserSettings, Users } from './users.ts';

/** An event as the log has it: the time is the event's own. */
export interface EngineEvent {
  readonly userId: string;
  readonly itemId: string;
  readonly type: string;
  readonly atMs: number;
}

/**
 * When a user's list is made. `ahead`: right after the user's last event, as the stack does it,
 * so that what others did since then is not in it. `request`: when the next event happens, of which
 * it knows the time and nothing else.
 */
export type Moment = 'request' | 'ahead';

export interface EngineOptions {
  readonly definitions: readonly ModelDefinition[];
  readonly kinds: KindCatalogue;
  readonly settings: UserSettings;
  /** Null: nothing is known of items. */
  readonly items: ItemTable | null;
  /** Whether `seen` will be asked. */
  readonly keepsSeen: boolean;
}

/** A model of the engine, and what its lists cost. */
export interface EngineModel {
  readonly definition: ModelDefinition;
  readonly ready: ReadyModel;
  readonly sources: readonly (LearnedRows | null)[];
  /** Lists that were not logged. */
  readonly listing: Cost;
  /** Lists whose features were logged, and what that cost, the list included. */
  readonly noting: Cost;
}

/** What a list costs, logged or not: where everyone is logged, nothing else was ever measured. */
export const usPerList = ({ listing, noting }: EngineModel): number | null =>
  usEachOf([listing, noting]);

/**
 * The services' own code in memory, one event at a time: `user-features`, `seen-items`, `signals`,
 * `learning`, and the retrievals that `candidates` and `serving` run. Nothing here may look at an
 * event before `learn` is given it.
 */
export class Engine {
  readonly models: readonly EngineModel[];
  readonly learned: ReadonlyMap<string, LearnedRows>;
  /** Of all folds over users together, and per learning identity. */
  readonly folding = new Cost();
  readonly learning: ReadonlyMap<string, Cost>;
  readonly #users: Users;
  readonly #items: ItemTable;
  readonly #channels = new Map<number, { readonly rows: LearnedRows; readonly cost: Cost }[]>();
  readonly #weights: LearnedWeights;
  #clock = 0;

  constructor({ definitions, kinds, settings, items, keepsSeen }: EngineOptions) {
    const known = new Map(
      definitions.map((one): [string, Known<ModelDefinition>] => [
        modelVersion(one).version,
        { version: modelVersion(one).version, revision: 1, definition: one },
      ]),
    );
    const learners = learnersOf(known, kinds);
    this.learned = new Map([...learners].map(([name, one]) => [name, new LearnedRows(one)]));
    this.learning = new Map([...learners.keys()].map((name) => [name, new Cost()]));
    for (const [name, rows] of this.learned) {
      const { channel } = rows.learner;
      const cost = this.learning.get(name) ?? new Cost();
      this.#channels.set(channel, [...(this.#channels.get(channel) ?? []), { rows, cost }]);
    }
    this.#items = items ?? new ItemTable({ terms: {} });
    this.models = [...known.values()].map((one) => this.#model(one, kinds));
    this.#weights = new LearnedWeights(this.models, kinds);
    const sides = [...new Set([...kinds.values()].flatMap(({ userSide }) => userSide ?? []))];
    this.#users = new Users(settings, {
      sides: sides.filter(({ channel }) => this.#channels.has(channel)),
      keepsSeen,
    });
  }

  #model(known: Known<ModelDefinition>, kinds: KindCatalogue): EngineModel {
    const ready = readyModel(known, kinds);
    if (ready === undefined) throw new Error(`there is no kind '${known.definition.kind}'`);
    return {
      definition: known.definition,
      ready,
      sources: ready.learned.map((name) => this.learned.get(name) ?? null),
      listing: new Cost(),
      noting: new Cost(),
    };
  }

  /** Events learned so far. */
  get clock(): number {
    return this.#clock;
  }

  get users(): Users {
    return this.#users;
  }

  /** Folds an event into all that is known. */
  learn(event: EngineEvent): void {
    this.#weights.close(event, seedOf(0, this.#clock));
    this.#clock += 1;
    const taught = this.folding.of(() => this.#users.take(interactionOf(event, this.#clock)));
    for (const { atMs, clock, channels } of taught) {
      const context: SignalContext = { atMs, clock, type: event.type };
      for (const { channel, signals } of channels)
        for (const { rows, cost } of this.#channels.get(channel) ?? [])
          cost.of(() => {
            for (const signal of signals) rows.learn(signal, context);
          });
    }
  }

  /** Time passes: what the last event taught of weights is in the lists from now on. */
  settle(): void {
    this.#weights.settle();
  }

  /** The user's profile; for the moment of the user's newest event where no other is given. */
  profile(userId: string, atMs?: number): Profile | null {
    const profile = this.#users.subject(userId)?.profile ?? null;
    if (profile === null || atMs === undefined) return profile;
    return { ...profile, atMs: Math.max(profile.atMs, atMs) };
  }

  /** Whether the model's list is to be made for this user even if nobody looks at it. */
  logs(model: EngineModel, userId: string): boolean {
    return this.#weights.logs(model, userId);
  }

  /** A personal model's list. Where weights are learned of this user, an example is opened too. */
  list(model: EngineModel, profile: Profile): readonly Candidate[] {
    const { ready } = model;
    if (ready.kind === 'shared') throw new Error(`${ready.version} has one list for all`);
    const world: World = { items: this.#items, weights: this.#weights.of(model) };
    const { trainer } = ready.retrieval;
    if (trainer === null || !this.logs(model, profile.userId))
      return model.listing.of(() =>
        ready.retrieval.rank(profile, this.read(model, { ready, profile, world }), world),
      );
    return model.noting.of(() => {
      const learned = this.read(model, { ready, profile, world });
      const { candidates, open } = trainer.note(profile, learned, world);
      this.#weights.open(model, profile.userId, open);
      return candidates;
    });
  }

  /** A shared model's list as it stands now, for everyone or within a category. */
  sharedList(model: EngineModel, category: string | null): readonly Candidate[] {
    const { ready, sources } = model;
    if (ready.kind !== 'shared') throw new Error(`${ready.version} has a list per user`);
    const keep =
      category === null ? () => true : (itemId: string) => this.#items.inCategory(itemId, category);
    return model.listing.of(() => ready.retrieval.rank(sources[0]?.rankings() ?? [], keep));
  }

  weightsOf(models: readonly EngineModel[]): readonly WeightsFigures[] {
    return this.#weights.figures(models);
  }

  seen(userId: string): SeenIndex {
    return this.#users.seen(userId);
  }

  /** Both reads of a personal retrieval. */
  read(
    { sources }: EngineModel,
    given: { readonly ready: PersonalModel; readonly profile: Profile; readonly world: World },
  ): readonly Learned[] {
    const { profile, world } = given;
    const { retrieval } = given.ready;
    const wanted = retrieval.wants(profile);
    const first = retrieval.sources.map(({ rankings }, index): Learned => {
      const rows = sources[index] ?? null;
      return {
        rows: rows?.rows(wanted[index] ?? []) ?? nothing,
        heads: nothing,
        rankings: rankings ? (rows?.rankings() ?? []) : [],
      };
    });
    const figures = retrieval.figures(profile, first, world);
    return first.map((one, index) => {
      const headBytes = retrieval.sources[index]?.headBytes ?? 0;
      const heads = sources[index]?.heads(figures[index] ?? [], headBytes);
      return heads === undefined ? one : { ...one, heads };
    });
  }
}

const nothing: ReadonlyMap<string, Buffer> = new Map();
