/** Numbers of items; one that no event names gets a number of its own when a list has it. */
export class ItemNumbers {
  readonly #of: Map<string, number>;

  constructor(itemIds: readonly string[]) {
    this.#of = new Map(itemIds.map((id, number) => [id, number]));
  }

  of(itemId: string): number {
    const known = this.#of.get(itemId);
    if (known !== undefined) return known;
    const number = this.#of.size;
    this.#of.set(itemId, number);
    return number;
  }
}
