/** Events in order, by column; users, items and types are numbers, as they came up. */
export interface EventTable {
  readonly name: string;
  readonly length: number;
  readonly user: Int32Array;
  readonly item: Int32Array;
  readonly type: Int32Array;
  readonly atMs: Float64Array;
  /** What they are ordered by: the same, unless another time was given. */
  readonly orderMs: Float64Array;
  readonly userIds: readonly string[];
  readonly itemIds: readonly string[];
  readonly types: readonly string[];
}

export interface TableEvent {
  readonly userId: string;
  readonly itemId: string;
  readonly type: string;
  readonly atMs: number;
  /** When it came in, where that is to be the order; left out: when it happened. */
  readonly orderMs?: number;
}

class Numbers {
  readonly ids: string[] = [];
  readonly #of = new Map<string, number>();

  of(id: string): number {
    const known = this.#of.get(id);
    if (known !== undefined) return known;
    const number = this.ids.length;
    this.ids.push(id);
    this.#of.set(id, number);
    return number;
  }
}

/** Events of one time keep the order in which they came. */
export class EventTableBuilder {
  readonly #users = new Numbers();
  readonly #items = new Numbers();
  readonly #types = new Numbers();
  readonly #user: number[] = [];
  readonly #item: number[] = [];
  readonly #type: number[] = [];
  readonly #atMs: number[] = [];
  readonly #orderMs: number[] = [];
  readonly #gone = new Set<number>();

  add({ userId, itemId, type, atMs, orderMs = atMs }: TableEvent): void {
    this.#user.push(this.#users.of(userId));
    this.#item.push(this.#items.of(itemId));
    this.#type.push(this.#types.of(type));
    this.#atMs.push(atMs);
    this.#orderMs.push(orderMs);
  }

  /** Takes out what there is of a user. */
  forget(userId: string): void {
    const number = this.#users.of(userId);
    for (let at = 0; at < this.#user.length; at += 1)
      if (this.#user[at] === number) this.#gone.add(at);
  }

  table(name: string): EventTable {
    const all = Uint32Array.from({ length: this.#atMs.length }, (_, index) => index);
    const order = all.filter((index) => !this.#gone.has(index));
    const { length } = order;
    const times = this.#orderMs;
    const isSorted = order.every(
      (own, at) => at === 0 || (times[order[at - 1] ?? 0] ?? 0) <= (times[own] ?? 0),
    );
    // The index decides between equals: sorting typed arrays need not be stable.
    if (!isSorted) order.sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
    const inOrder = (values: readonly number[]) => (_: unknown, at: number) =>
      values[order[at] as number] as number;
    return {
      name,
      length,
      user: Int32Array.from({ length }, inOrder(this.#user)),
      item: Int32Array.from({ length }, inOrder(this.#item)),
      type: Int32Array.from({ length }, inOrder(this.#type)),
      atMs: Float64Array.from({ length }, inOrder(this.#atMs)),
      orderMs: Float64Array.from({ length }, inOrder(times)),
      userIds: this.#users.ids,
      itemIds: this.#items.ids,
      types: this.#types.ids,
    };
  }
}
