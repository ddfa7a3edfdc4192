import { messageOf, RetryableError } from '../lib/errors.ts';
import type { DecodedTable } from '../lib/kafka/decoded-table.ts';
import { followItems, type FollowItemsOptions, type ItemTaker } from './follow-items.ts';

export interface ItemsWhenNeededOptions<T> extends Omit<FollowItemsOptions, 'items'> {
  /** An empty table. */
  readonly make: () => T;
  /**
   * The table once all that stood on the topic is in it, with the revision that it is of; null when
   * it is not needed any more.
   */
  readonly onTable: (table: T | null, offsets: () => readonly number[]) => void;
}

/** One following, from need to need. */
interface Following {
  table: DecodedTable | null;
  complete: boolean;
  dropped: boolean;
  trouble: string | null;
}

const retryMs = 500;

/**
 * Keeps items in memory while some model in use needs them, and only then: most deployments have
 * none, and pay nothing. A broker that is away is waited for.
 */
export class ItemsWhenNeeded<T extends ItemTaker> {
  readonly #options: ItemsWhenNeededOptions<T>;
  #following: Following | null = null;
  /** What is being let go. */
  #ending: Promise<unknown> = Promise.resolve();

  constructor(options: ItemsWhenNeededOptions<T>) {
    this.#options = options;
  }

  need(needed: boolean): void {
    if (!needed) this.#drop();
    else if (this.#following === null) {
      const following = { table: null, complete: false, dropped: false, trouble: null };
      this.#following = following;
      const begun = this.#begin(following);
      this.#ending = Promise.all([this.#ending, begun]);
    }
  }

  /** Null where items are not needed, or all that stood on the topic is known. */
  ready(): string | null {
    const following = this.#following;
    if (following === null || following.complete) return null;
    return this.healthy() ?? 'reading items';
  }

  healthy(): string | null {
    return this.#following?.trouble ?? this.#following?.table?.healthy() ?? null;
  }

  async stop(): Promise<void> {
    this.#drop();
    await this.#ending;
  }

  async #begin(following: Following): Promise<void> {
    const items = this.#options.make();
    try {
      const table = await this.#follow(following, items);
      if (table === null) return;
      following.table = table;
      if (following.dropped) return await table.stop();
      // Not awaited: what ends a following must not wait until it is complete.
      table.ready.then(() => this.#completed(following, items), this.#options.onFatal);
    } catch (error) {
      this.#options.onFatal(error as Error);
    }
  }

  async #follow(following: Following, items: T): Promise<DecodedTable | null> {
    while (!following.dropped) {
      try {
        const table = await followItems({ ...this.#options, items });
        following.trouble = null;
        return table;
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error;
        following.trouble = messageOf(error);
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
    return null;
  }

  #completed(following: Following, items: T): void {
    if (following.dropped) return;
    following.complete = true;
    this.#options.onTable(items, () => following.table?.offsets() ?? []);
  }

  #drop(): void {
    const following = this.#following;
    if (following === null) return;
    this.#following = null;
    following.dropped = true;
    const stopped = following.table?.stop().catch((error: unknown) => {
      this.#options.onFatal(error as Error);
    });
    this.#ending = Promise.all([this.#ending, stopped]);
    if (following.complete) this.#options.onTable(null, () => []);
  }
}
