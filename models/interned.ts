/** One copy per key, made when it is first needed. What nobody uses any more goes. */
export class Shared<T> {
  readonly #known = new Map<string, { readonly value: T; uses: number }>();

  take(key: string, make: () => T): T {
    const known = this.#known.get(key);
    if (known === undefined) {
      const value = make();
      this.#known.set(key, { value, uses: 1 });
      return value;
    }
    known.uses++;
    return known.value;
  }

  /** A stream of new keys takes no memory. Whether that was the last use. */
  release(key: string): boolean {
    const known = this.#known.get(key);
    return known !== undefined && --known.uses === 0 && this.#known.delete(key);
  }
}

/** One copy per text: a million items share a few hundred values. */
export class Interned {
  readonly #texts = new Shared<string>();

  take(text: string): string {
    return this.#texts.take(text, () => text);
  }

  release(text: string): void {
    this.#texts.release(text);
  }
}
