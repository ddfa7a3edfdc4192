/** One copy per text: a million items share a few hundred values. What nobody uses any more goes. */
export class Interned {
  readonly #known = new Map<string, { readonly text: string; uses: number }>();

  take(text: string): string {
    const known = this.#known.get(text);
    if (known === undefined) {
      this.#known.set(text, { text, uses: 1 });
      return text;
    }
    known.uses++;
    return known.text;
  }

  /** A stream of new texts takes no memory. */
  release(text: string): void {
    const known = this.#known.get(text);
    if (known !== undefined && --known.uses === 0) this.#known.delete(text);
  }
}
