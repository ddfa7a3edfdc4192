import { createHash } from 'node:crypto';

import type { TaskSlice } from '../../lib/stream/run-task.ts';
import type { Trainer } from '../../models/model.ts';
import type { PersonalModel } from '../../retrieval/personal-models.ts';
import { hasRoom, type Opened } from './opened.ts';
import type { TrainingExample } from '../../schemas/generated/training-pack.ts';
import {
  closedExample,
  decodeOpenExample,
  encodeOpenExample,
  noteBytesMax,
  type OpenExample,
  openExampleKey,
} from '../../schemas/packed/open-examples.ts';

/** What a user did, as far as it closes an example. */
export interface Act {
  readonly offset: number;
  readonly itemId: string;
  readonly atMs: number;
}

/** Per user in the order of the log; empty where only lists are to be made. */
export type Acts = ReadonlyMap<string, readonly Act[]>;

/** What became of a logged list. */
export type ExampleResult =
  | 'opened'
  | 'closed'
  /** What the user did next was not among the candidates: it teaches nothing. */
  | 'outside'
  /** What the user did next may have been learned before the list was made. */
  | 'learned_already'
  | 'too_large'
  | 'slice_full'
  /** Not logged: so many examples are open already. */
  | 'enough_open'
  /** Not logged: what the user does next was most likely learned already. */
  | 'backlog';

export interface TrainingCounts {
  examples(result: ExampleResult): void;
  openBytes(bytes: number): void;
}

/** Bounds of a slice and of a record: the broker takes 1 MiB. */
export const exampleBytesMax = 64 * 1024;
const notesBytesMax = 4 * 1024 * 1024;
/**
 * Interactions of the partition that the list did not know and somebody may have learned: an
 * example whose user is among them is used up for nothing. In step it is what folds differ by in
 * a moment; in a backlog it is most of what users do next.
 */
export const learnedAheadMax = 1_000;

interface Training {
  readonly model: PersonalModel;
  readonly trainer: Trainer;
}

/** Models whose lists are logged: of those that share weights the first, so that nothing counts twice. */
export function trainingsOf(models: readonly PersonalModel[]): readonly Training[] {
  const byName = new Map<string, Training>();
  for (const model of models) {
    const { trainer } = model.retrieval;
    if (trainer !== null && !byName.has(trainer.name)) byName.set(trainer.name, { model, trainer });
  }
  return [...byName.values()];
}

/**
 * The training examples of one slice: closes those that are open by the user's next act, and notes
 * new ones. An example is closed by the first act at or after its profile's offset, which the list
 * did not know; and only where nobody can have learned that act when the list was made, else its
 * features would hold its own label (in a backlog `learning` may be far ahead of this service).
 */
export class SliceTraining {
  readonly #slice: TaskSlice;
  readonly #trainings: readonly Training[];
  readonly #acts: Acts;
  readonly #weightsOf: (model: PersonalModel) => Buffer | null;
  readonly #opened: ReadonlyMap<string, Opened>;
  readonly #counts: TrainingCounts;
  readonly #ended: ReadonlySet<string>;
  /** Keys whose example goes on waiting. */
  readonly #open = new Set<string>();
  readonly #writes = new Map<string, Buffer>();
  readonly #closed: TrainingExample[] = [];
  #notesBytes = 0;

  constructor(
    slice: TaskSlice,
    given: {
      readonly models: readonly PersonalModel[];
      /** What a model's weights have learned so far. */
      readonly weightsOf: (model: PersonalModel) => Buffer | null;
      readonly acts: Acts;
      /** Whose examples from before are to go: none is closed. */
      readonly ended?: ReadonlySet<string>;
      /** By prefix of the model's lists. */
      readonly opened: ReadonlyMap<string, Opened>;
      readonly counts: TrainingCounts;
    },
  ) {
    this.#slice = slice;
    this.#trainings = trainingsOf(given.models);
    this.#weightsOf = given.weightsOf;
    this.#acts = given.acts;
    this.#opened = given.opened;
    this.#counts = given.counts;
    this.#ended = given.ended ?? new Set();
    for (const { users } of given.opened.values())
      for (const user of this.#ended) users.delete(user);
  }

  /** Keys of the users' open examples, to be read together with the own header. */
  keys(users: readonly string[]): readonly string[] {
    return this.#each(users).map(({ key }) => key);
  }

  /** `values`: what lies under `keys(users)`, in that order. */
  close(users: readonly string[], values: readonly (Buffer | null)[]): void {
    for (const [at, { key, user, training }] of this.#each(users).entries()) {
      const bytes = this.#ended.has(user) ? null : (values[at] ?? null);
      const open = bytes === null ? null : decodeOpenExample(bytes);
      const opened = this.#opened.get(training.model.listPrefix);
      if (open === null) {
        // Closed by another owner, swept, or never stored.
        opened?.users.delete(user);
        continue;
      }
      const act = this.#acts.get(user)?.find(({ offset }) => offset >= open.profileOffset);
      if (act === undefined) {
        this.#open.add(key);
        continue;
      }
      // Used up, whatever comes of it: the act after it would be another list's.
      this.#writes.set(key, closedExample);
      opened?.users.delete(user);
      this.#counts.examples(this.#closeBy(act, open, training));
    }
  }

  #closeBy(act: Act, open: OpenExample, { model, trainer }: Training): ExampleResult {
    const { offset, itemId, atMs } = act;
    if (offset < open.learnedTo) return 'learned_already';
    const seed = seedOf(this.#slice.partition, offset);
    const example = trainer.close(open.note, { itemId, atMs }, seed);
    if (example === null) return 'outside';
    if (example.length > exampleBytesMax) return 'too_large';
    this.#closed.push({ offset, weights: trainer.name, kind: model.modelKind, example });
    return 'closed';
  }

  /** Users whose example was closed need a list, and with it a new example. */
  mustList(model: PersonalModel, userId: string): boolean {
    return this.#writes.has(openExampleKey(model.listPrefix, userId));
  }

  /** Whether this user's list is to be logged: none of the user's is open yet. */
  logs(model: PersonalModel, userId: string): boolean {
    const trainer = this.#trainings.find((one) => one.model === model)?.trainer;
    if (trainer === undefined || !trainer.logs(userId, this.#weightsOf(model))) return false;
    return !this.#open.has(openExampleKey(model.listPrefix, userId));
  }

  /** The trainer that is to log this user's list, as far as there is room and it is worth it. */
  trainerFor(
    model: PersonalModel,
    userId: string,
    open: Omit<OpenExample, 'note'>,
  ): Trainer | null {
    const { trainer } = model.retrieval;
    if (trainer === null || !this.logs(model, userId)) return null;
    const few = this.#few(model, userId, open);
    const against =
      few !== null && !trainer.logs(userId, this.#weightsOf(model), true)
        ? few
        : this.#notesBytes >= notesBytesMax
          ? 'slice_full'
          : null;
    if (against === null) return trainer;
    this.#counts.examples(against);
    return null;
  }

  /** Why the users alone are to be logged who always are; null: all that the weights ask for. */
  #few(
    { listPrefix }: PersonalModel,
    userId: string,
    { learnedTo, profileOffset }: Omit<OpenExample, 'note'>,
  ): ExampleResult | null {
    if (learnedTo - profileOffset > learnedAheadMax) return 'backlog';
    const opened = this.#opened.get(listPrefix);
    return opened !== undefined && !hasRoom(opened, userId) ? 'enough_open' : null;
  }

  note(model: PersonalModel, userId: string, open: OpenExample): void {
    const { length } = open.note;
    this.#counts.openBytes(length);
    this.#counts.examples(length > noteBytesMax ? 'too_large' : 'opened');
    if (length > noteBytesMax) return;
    this.#notesBytes += length;
    const opened = this.#opened.get(model.listPrefix);
    if (opened !== undefined && hasRoom(opened, userId)) opened.users.add(userId);
    this.#writes.set(openExampleKey(model.listPrefix, userId), encodeOpenExample(open));
  }

  writes(): { readonly key: string; readonly value: Buffer }[] {
    return [...this.#writes].map(([key, value]) => ({ key, value }));
  }

  closed(): readonly TrainingExample[] {
    return this.#closed;
  }

  #each(
    users: readonly string[],
  ): readonly { readonly key: string; readonly user: string; readonly training: Training }[] {
    return this.#trainings.flatMap((training) =>
      users
        // Whoever was ever logged: fewer are, the more the weights have learned.
        .filter((user) => training.trainer.logs(user, null))
        .map((user) => ({ key: openExampleKey(training.model.listPrefix, user), user, training })),
    );
  }
}

/** The same for a repetition, another for the next position. */
export const seedOf = (partition: number, offset: number): number =>
  createHash('sha1').update(`${partition}/${offset}`).digest().readUInt32LE(0);
