/** Distinct users in the order of their newest act; of too many, those who acted last. */
export class RecentUsers {
  readonly #usersMax: number;
  readonly #ids = new Set<string>();

  constructor(usersMax: number) {
    this.#usersMax = usersMax;
  }

  acted(userId: string): void {
    this.#ids.delete(userId);
    this.#ids.add(userId);
    if (this.#ids.size <= this.#usersMax) return;
    const oldest = this.#ids.values().next().value;
    if (oldest !== undefined) this.#ids.delete(oldest);
  }

  newestFirst(): string[] {
    return [...this.#ids].toReversed();
  }
}
