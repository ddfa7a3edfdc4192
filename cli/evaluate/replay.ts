import type { EventTable } from './event-table.ts';
import type { TestPlan } from './protocol.ts';

/** What is known of an event before it happens: who, and when. */
export interface Request {
  readonly user: number;
  readonly atMs: number;
  /** Events of the user so far. */
  readonly history: number;
  /** Items that the user had so far. */
  readonly had: ReadonlySet<number>;
}

/** An event that has happened. */
export interface Happened {
  readonly user: number;
  readonly item: number;
  readonly type: number;
  readonly atMs: number;
  /** Whether the user's next event will be tested, so that a list made now is of use. */
  readonly isAwaited: boolean;
}

/**
 * Whoever makes lists. It is told of an event only after all lists for it were made: there is no
 * other way from the events to it, so it cannot look ahead.
 */
export interface Participant {
  /** One per list that `predict` returns. */
  readonly names: readonly string[];
  /** Lists of item numbers, best first. */
  predict(request: Request): readonly (readonly number[])[];
  learn(event: Happened): void;
}

/** A tested event with everybody's lists, as they were made before it. */
export interface Tested extends Request {
  /** Number among the tests. */
  readonly test: number;
  readonly item: number;
  readonly isRepeat: boolean;
  readonly isCold: boolean;
  /** In the order of participants and their names. */
  readonly lists: readonly (readonly number[])[];
}

export interface ReplayOptions {
  readonly participants: readonly Participant[];
  readonly onTest: (tested: Tested) => void;
  /** Called for every event, after it was learned. */
  readonly onEvent: (event: Happened) => void;
}

/** Predict, then learn: every event in order. Yields now and then, for a progress bar. */
export function* replay(
  table: EventTable,
  plan: TestPlan,
  { participants, onTest, onEvent }: ReplayOptions,
): Generator<number> {
  const users = new Map<number, { history: number; readonly had: Set<number> }>();
  const known = new Uint8Array(table.itemIds.length);
  let test = 0;
  for (let at = 0; at < table.length; at++) {
    const user = table.user[at] as number;
    const item = table.item[at] as number;
    const atMs = table.atMs[at] as number;
    let past = users.get(user);
    if (past === undefined) users.set(user, (past = { history: 0, had: new Set() }));
    if (plan.isTest[at] === 1) {
      const request = { user, atMs, history: past.history, had: past.had };
      const lists = participants.flatMap((one) => one.predict(request));
      const isRepeat = past.had.has(item);
      onTest({ ...request, test: test++, item, isRepeat, isCold: known[item] === 0, lists });
    }
    const type = table.type[at] as number;
    const event = { user, item, type, atMs, isAwaited: plan.isAwaited[at] === 1 };
    for (const one of participants) one.learn(event);
    past.history += 1;
    past.had.add(item);
    known[item] = 1;
    onEvent(event);
    if (at % yieldEvery === yieldEvery - 1) yield at + 1;
  }
  yield table.length;
}

const yieldEvery = 500;
