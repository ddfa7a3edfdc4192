import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import type { ShownUser } from './view.ts';

/** Of a user, by item, the user's own item that did most for it. */
type ReasonsOf = (userId: string) => ReadonlyMap<string, string> | undefined;

/** The newest recommendation of a few users, by title, with its reasons, and how often it changed. */
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

  now(reasonsOf: ReasonsOf): ShownUser[] {
    return this.#users.map((userId) => {
      const last = this.#last.get(userId);
      const reasons = reasonsOf(userId);
      const titleOf = (id: string): string => this.#titles.get(id) ?? id;
      const items = (last?.items ?? []).map((id) => {
        const because = reasons?.get(id);
        return { title: titleOf(id), because: because === undefined ? null : titleOf(because) };
      });
      return { userId, items, changes: last?.changes ?? 0 };
    });
  }
}
