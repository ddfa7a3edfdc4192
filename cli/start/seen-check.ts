import type { Recommendation } from '../../schemas/generated/recommendation.ts';

/** An interaction of the paced part, as it lies on its topic. */
export interface Placed {
  readonly userId: string;
  readonly itemId: string;
  readonly atMs: number;
  readonly offset: number;
}

/** How far back a context's rule 'not-seen' reaches; Infinity: as far as anything is kept. */
export type NotSeenReach = ReadonlyMap<string, number>;

/**
 * Judges answers by what the launcher knows itself: an answer of a context with the rule 'not-seen'
 * must not hold an item that its user had seen at the offset that the answer states.
 */
export class SeenCheck {
  readonly #before: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly #reach: NotSeenReach;
  readonly #later = new Map<string, Placed[]>();
  readonly #answers: Recommendation[] = [];

  constructor(before: ReadonlyMap<string, ReadonlyMap<string, number>>, reach: NotSeenReach) {
    this.#before = before;
    this.#reach = reach;
  }

  took(placed: Placed): void {
    const list = this.#later.get(placed.userId);
    if (list === undefined) this.#later.set(placed.userId, [placed]);
    else list.push(placed);
  }

  answered(recommendation: Recommendation): void {
    if (this.#reach.has(recommendation.context_id)) this.#answers.push(recommendation);
  }

  /** Items that were answered with and must not have been. */
  violations(): { readonly answerId: string; readonly itemId: string }[] {
    return this.#answers.flatMap((answer) =>
      answer.items
        .filter(({ item_id: item }) => this.#seen(answer, item))
        .map(({ item_id: itemId }) => ({ answerId: answer.answer_id, itemId })),
    );
  }

  #seen(answer: Recommendation, itemId: string): boolean {
    const reach = this.#reach.get(answer.context_id) ?? 0;
    // Seconds are what seen-items keeps: the one in which the rule's reach begins is not judged.
    const since = Math.max(answer.seen_since ?? 0, answer.judged_at - reach + 1_000);
    const beforeMs = this.#before.get(answer.user_id)?.get(itemId);
    if (beforeMs !== undefined && beforeMs >= since) return true;
    return (this.#later.get(answer.user_id) ?? []).some(
      (placed) =>
        placed.itemId === itemId && placed.offset < answer.seen_offset && placed.atMs >= since,
    );
  }
}
