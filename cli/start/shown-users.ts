import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import type { ShownUser } from './view.ts';

/** The newest recommendation of a few users, by title, and how often it changed. */
export class ShownUsers {
  readonly #users: readonly string[];
  readonly #contextId: string;
  readonly #titles: ReadonlyMap<string, string>;
  readonly #last = new Map<
    string,
    { readonly items: readonly string[]; readonly changes: number }
  >();

  constructor(
    users: readonly string[],
    { contextId, titles }: { contextId: string; titles: ReadonlyMap<string, string> },
  ) {
    this.#users = users;
    this.#contextId = contextId;
    this.#titles = titles;
  }

  took({ user_id: userId, context_id: contextId, items, status }: Recommendation): void {
    if (status !== 'ok' || contextId !== this.#contextId || !this.#users.includes(userId)) return;
    const ids = items.map(({ item_id: id }) => id);
    const last = this.#last.get(userId);
    const changed = last !== undefined && last.items.join() !== ids.join();
    this.#last.set(userId, { items: ids, changes: (last?.changes ?? 0) + (changed ? 1 : 0) });
  }

  now(): ShownUser[] {
    return this.#users.map((userId) => {
      const last = this.#last.get(userId);
      const titles = (last?.items ?? []).map((id) => this.#titles.get(id) ?? id);
      return { userId, titles, changes: last?.changes ?? 0 };
    });
  }
}
