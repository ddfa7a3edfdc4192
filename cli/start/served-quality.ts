import { setTimeout as pause } from 'node:timers/promises';

import { monotonicMs } from '../../lib/clock.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import type { UserEvent } from '../../schemas/generated/user-event.ts';
import type { Placed } from './seen-check.ts';

/** Of an answer, so many items are looked at. */
export const firstItems = 20;
/** Events of the judged part that are asked for, about; and how dense they may lie. */
const askedAbout = 300;
const everyMin = 5;

export interface QualityFigures {
  /** Answers that were judged. */
  readonly quality_answers: number;
  /** Share of them that had the user's next item among the first 20. */
  readonly hit_rate_20: number | null;
  /** Mean of 1/place of that item; 0 where it is not among them. */
  readonly mrr_20: number | null;
  /** The hit rate of those whose next item was new to them; the others can be no hits where a rule forbids what was seen. */
  readonly hit_rate_20_new: number | null;
}

export interface QualityOptions {
  /** Null: no answer in time. */
  readonly ask: (userId: string) => Promise<Recommendation | null>;
  /** Whether the event's user had had its item before. */
  readonly isRepeat: (event: UserEvent) => boolean;
  /** Events of the judged part. */
  readonly judged: number;
  /** So many users, the first that come, ask before their first event of the judged part, too. */
  readonly newcomersMax: number;
  /** How long an event is held back until its user's list knows the ones before. */
  readonly settleMsMax: number;
}

export const everyOf = (judged: number): number =>
  Math.max(everyMin, Math.ceil(judged / askedAbout));

/**
 * Quality of what is served, with no look into the future: every so many events one is held back,
 * its user asks, and only when the answer is there the event is sent. It is a hit if its item is
 * among the first 20 of that answer.
 */
export class ServedQuality {
  readonly #options: QualityOptions;
  readonly #every: number;
  /** By user, of the judged part: events that were sent, and those that stand on `interactions`. */
  readonly #sent = new Map<string, number>();
  readonly #placed = new Map<string, { readonly count: number; readonly offset: number }>();
  #wake = (): void => undefined;
  readonly #came = new Set<string>();
  /** What each user was shown last, for as long as the replay goes on. */
  readonly #shown = new Map<string, Recommendation>();
  #passed = 0;
  #answers = 0;
  #hits = 0;
  #newAnswers = 0;
  #newHits = 0;
  #reciprocals = 0;

  constructor(options: QualityOptions) {
    this.#options = options;
    this.#every = everyOf(options.judged);
  }

  /** An interaction that stands on its topic. */
  took({ userId, offset }: Placed): void {
    const count = (this.#placed.get(userId)?.count ?? 0) + 1;
    this.#placed.set(userId, { count, offset });
    this.#wake();
  }

  /** The events, in their order; whoever takes them sends each before it takes the next. */
  async *holding(
    events: AsyncIterable<readonly UserEvent[]>,
    { passOver, signal }: { readonly passOver: number; readonly signal: AbortSignal },
  ): AsyncGenerator<readonly UserEvent[]> {
    let left = passOver;
    for await (const some of events) {
      let from = 0;
      const now = [...some];
      for (const [at, event] of some.entries()) {
        if (left > 0) left -= 1;
        else {
          const asking = this.#askingFor(event);
          if (asking !== null) {
            if (at > from) yield now.slice(from, at);
            from = at;
            if (!signal.aborted) await asking(event);
          }
        }
        now[at] = actedOn(event, this.#shown.get(event.user_id));
        this.#sent.set(event.user_id, (this.#sent.get(event.user_id) ?? 0) + 1);
      }
      yield now.slice(from);
    }
  }

  figures(): QualityFigures {
    const share = (sum: number, of = this.#answers): number | null =>
      of === 0 ? null : Number((sum / of).toFixed(4));
    return {
      quality_answers: this.#answers,
      hit_rate_20: share(this.#hits),
      mrr_20: share(this.#reciprocals),
      hit_rate_20_new: share(this.#newHits, this.#newAnswers),
    };
  }

  #askingFor({ user_id: userId }: UserEvent): ((event: UserEvent) => Promise<void>) | null {
    this.#passed += 1;
    const comes = !this.#came.has(userId) && this.#came.size < this.#options.newcomersMax;
    if (comes) this.#came.add(userId);
    if (this.#passed % this.#every === 0) return (event) => this.#askBefore(event);
    return comes ? (event) => this.#askFirst(event) : null;
  }

  /** A user who comes looks at an answer, and may act on it; it is not judged. */
  async #askFirst({ user_id: userId }: UserEvent): Promise<void> {
    this.#show(userId, await this.#options.ask(userId));
  }

  #show(userId: string, answer: Recommendation | null): void {
    if (answer?.status === 'ok') this.#shown.set(userId, answer);
  }

  async #askBefore(event: UserEvent): Promise<void> {
    const { user_id: userId } = event;
    const giveUpMs = monotonicMs() + this.#options.settleMsMax;
    await this.#untilPlaced(userId, giveUpMs);
    const before = this.#placed.get(userId)?.offset ?? -1;
    let answer = await this.#options.ask(userId);
    // Users do not act within milliseconds, as a replay does: a list that is being made is waited for.
    while (answer !== null && answer.candidates_offset <= before && monotonicMs() < giveUpMs) {
      await pause(20);
      answer = await this.#options.ask(userId);
    }
    if (answer?.status === 'ok') this.#judge(event, answer);
    this.#show(userId, answer);
  }

  #judge(event: UserEvent, answer: Recommendation): void {
    const { item_id: itemId } = event;
    const isNew = !this.#options.isRepeat(event);
    const place = answer.items.slice(0, firstItems).findIndex(({ item_id: id }) => id === itemId);
    this.#answers += 1;
    if (isNew) this.#newAnswers += 1;
    if (place < 0) return;
    if (isNew) this.#newHits += 1;
    this.#hits += 1;
    this.#reciprocals += 1 / (place + 1);
  }

  async #untilPlaced(userId: string, giveUpMs: number): Promise<void> {
    const missing = (): boolean =>
      (this.#placed.get(userId)?.count ?? 0) < (this.#sent.get(userId) ?? 0);
    while (missing() && monotonicMs() < giveUpMs) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, giveUpMs - monotonicMs());
      await promise;
      clearTimeout(timer);
    }
  }
}

/** The event, as a shop would send it: naming the answer that showed its item, if the last one did. */
const actedOn = (event: UserEvent, answer: Recommendation | undefined): UserEvent =>
  answer?.items.some(({ item_id: id }) => id === event.item_id)
    ? { ...event, answer_id: answer.answer_id, context_id: answer.context_id }
    : event;
