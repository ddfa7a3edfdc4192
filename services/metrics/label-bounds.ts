/** The value that all others count under once a label has too many. */
export const otherValue = 'other';

const valueMax = 120;

/**
 * Keeps labels few: a label takes its first `valuesMax` values, whatever else comes counts as
 * `other`. Every value is a series in Prometheus for as long as this process lives, and what comes
 * on a topic is not ours to trust.
 */
export class LabelBounds {
  readonly #valuesMax: number;
  readonly #onLimited: (label: string) => void;
  readonly #known = new Map<string, Set<string>>();

  constructor(valuesMax: number, onLimited: (label: string) => void) {
    this.#valuesMax = valuesMax;
    this.#onLimited = onLimited;
  }

  value(label: string, value: string): string {
    let known = this.#known.get(label);
    if (known === undefined) this.#known.set(label, (known = new Set()));
    if (known.has(value)) return value;
    if (known.size >= this.#valuesMax || value.length > valueMax) {
      this.#onLimited(label);
      return otherValue;
    }
    known.add(value);
    return value;
  }
}
