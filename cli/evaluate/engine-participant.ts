import type { Candidate } from '../../models/model.ts';
import type { ContextRun } from './context-run.ts';
import type { Engine, EngineModel, Moment } from './engine.ts';
import type { EventTable } from './event-table.ts';
import { ItemNumbers } from './item-numbers.ts';
import type { Happened, Participant, Request } from './replay.ts';

export interface EngineChoice {
  readonly moment: Moment;
  /** Items that the user had are taken off the lists of models. */
  readonly excludesSeen: boolean;
  /** Longest list that is looked at. */
  readonly length: number;
  readonly contexts: readonly ContextRun[];
}

/** Lists of one user as of the last event. */
type Ready = readonly (readonly Candidate[] | null)[];

/** The engine among others who make lists: those of its models, then the contexts' answers. */
export class EngineParticipant implements Participant {
  readonly names: readonly string[];
  readonly numbers: ItemNumbers;
  readonly #engine: Engine;
  readonly #table: EventTable;
  readonly #choice: EngineChoice;
  readonly #ahead = new Map<number, Ready>();
  /** Users whose lists were made for the event that comes next. */
  readonly #made = new Set<number>();

  constructor(engine: Engine, table: EventTable, choice: EngineChoice) {
    this.#engine = engine;
    this.#table = table;
    this.#choice = choice;
    this.names = [
      ...engine.models.map(({ ready }) => ready.version),
      ...choice.contexts.map(({ definition }) => definition.context),
    ];
    this.numbers = new ItemNumbers(table.itemIds);
  }

  predict(request: Request): number[][] {
    this.#engine.settle();
    const { excludesSeen, length, contexts } = this.#choice;
    const lists = this.lists(request);
    const userId = this.#table.userIds[request.user] as string;
    const answers = contexts.map((context) => context.answer(userId, request.atMs, lists));
    const ofModels = lists.map((candidates) => {
      const items: number[] = [];
      for (const { itemId } of candidates) {
        const item = this.numbers.of(itemId);
        if (excludesSeen && request.had.has(item)) continue;
        items.push(item);
        if (items.length === length) break;
      }
      return items;
    });
    const ofContexts = answers.map((items) =>
      items.slice(0, length).map(({ itemId }) => this.numbers.of(itemId)),
    );
    return [...ofModels, ...ofContexts];
  }

  /** Every model's candidates, as they are before anything is taken off them. */
  lists({ user, atMs }: Request): readonly (readonly Candidate[])[] {
    const { moment } = this.#choice;
    const ready = moment === 'ahead' ? this.#ahead.get(user) : this.#make(user, atMs);
    return this.#engine.models.map((model, index) =>
      model.ready.kind === 'shared'
        ? this.#engine.sharedList(model, null)
        : (ready?.[index] ?? nothing),
    );
  }

  learn({ user, item, type, atMs, isAwaited }: Happened): void {
    const { userIds, itemIds, types } = this.#table;
    const userId = userIds[user] as string;
    this.#engine.settle();
    if (this.#choice.moment === 'request' && !this.#made.has(user)) this.#log(user, atMs);
    this.#made.clear();
    this.#engine.learn({
      userId,
      itemId: itemIds[item] as string,
      type: types[type] as string,
      atMs,
    });
    if (this.#choice.moment === 'request') return;
    this.#ahead.delete(user);
    const ready = this.#listsFor(user, { isWanted: isAwaited });
    if (isAwaited && ready !== null) this.#ahead.set(user, ready);
  }

  #make(user: number, atMs: number): Ready | undefined {
    this.#made.add(user);
    return this.#listsFor(user, { atMs, isWanted: true }) ?? undefined;
  }

  /** Lists that nobody looks at, but whose features are logged to learn weights from. */
  #log(user: number, atMs: number): void {
    this.#listsFor(user, { atMs, isWanted: false });
  }

  #listsFor(user: number, given: { readonly atMs?: number; readonly isWanted: boolean }) {
    const engine = this.#engine;
    const userId = this.#table.userIds[user] as string;
    const isMade = (model: EngineModel): boolean =>
      model.ready.kind === 'personal' && (given.isWanted || engine.logs(model, userId));
    if (!engine.models.some(isMade)) return null;
    const profile = engine.profile(userId, given.atMs);
    if (profile === null) return null;
    return engine.models.map((model) => (isMade(model) ? engine.list(model, profile) : null));
  }
}

const nothing: readonly Candidate[] = [];
