import { lastDistinct, type Scores } from './best.ts';

/** A variant: visits that never fade, or that count half after so long. */
export interface CosineVariant {
  readonly halfLifeMs: number | null;
}

/** Neighbours of an item: numbers, and per variant a weight each. */
interface Row {
  readonly slots: Map<number, number>;
  items: Int32Array;
  weights: Float64Array[];
}

const historyMax = 20;
const askedMax = 10;
const recentDecay = 0.8;

/**
 * Item-to-item cosine, kept event by event, with nothing cut: every pair that ever was. Weights
 * that fade are kept by forward decay, in units of the first event.
 */
export class Cosine {
  readonly #variants: readonly CosineVariant[];
  readonly #rows: (Row | undefined)[] = [];
  readonly #visits: Float64Array[];
  /** As the reference program does for catalogues that it keeps as a dense matrix. */
  readonly #single: boolean;
  #startMs: number | null = null;

  constructor(variants: readonly CosineVariant[], items: number) {
    this.#variants = variants;
    this.#visits = variants.map(() => new Float64Array(items));
    this.#single = items < 12_000;
  }

  #unit(variant: number, atMs: number): number {
    const halfLifeMs = this.#variants[variant]?.halfLifeMs ?? null;
    this.#startMs ??= atMs;
    return halfLifeMs === null ? 1 : 2 ** ((atMs - this.#startMs) / halfLifeMs);
  }

  /** `history`: the user's items before this one, newest last. */
  add(item: number, history: readonly number[], atMs: number): void {
    const units = this.#variants.map((_, variant) => this.#unit(variant, atMs));
    for (const [variant, unit] of units.entries()) {
      const visits = this.#visits[variant] as Float64Array;
      visits[item] = (visits[item] as number) + unit;
    }
    for (const other of new Set(history.slice(-historyMax))) {
      this.#pair(item, other, units);
      if (other !== item) this.#pair(other, item, units);
    }
  }

  #pair(item: number, other: number, units: readonly number[]): void {
    const row = (this.#rows[item] ??= {
      slots: new Map(),
      items: new Int32Array(8),
      weights: units.map(() => new Float64Array(8)),
    });
    let slot = row.slots.get(other);
    if (slot === undefined) {
      slot = row.slots.size;
      row.slots.set(other, slot);
      if (slot === row.items.length) grow(row);
      row.items[slot] = other;
    }
    for (let variant = 0; variant < units.length; variant++) {
      const weights = row.weights[variant] as Float64Array;
      weights[slot] = (weights[slot] as number) + (units[variant] as number);
    }
  }

  score(
    history: readonly number[],
    given: { readonly variant: number; readonly shrink: number; readonly atMs: number },
    into: Scores,
  ): void {
    const { variant, shrink, atMs } = given;
    const visits = this.#visits[variant] as Float64Array;
    const added = shrink * this.#unit(variant, atMs);
    const single = this.#single && this.#variants[variant]?.halfLifeMs === null;
    let part = 1;
    for (const item of lastDistinct(history, askedMax)) {
      const row = this.#rows[item];
      const own = visits[item] as number;
      const weights = row?.weights[variant];
      for (let slot = 0; slot < (row?.slots.size ?? 0); slot++) {
        const other = row?.items[slot] as number;
        const weight = weights?.[slot] as number;
        const share = single ? Math.fround(Math.fround(part) * weight) : part * weight;
        into.add(other, share / (Math.sqrt(own * (visits[other] as number)) + added));
      }
      part *= recentDecay;
    }
  }
}

const grow = (row: Row): void => {
  const items = new Int32Array(2 * row.items.length);
  items.set(row.items);
  row.items = items;
  row.weights = row.weights.map((weights) => {
    const more = new Float64Array(items.length);
    more.set(weights);
    return more;
  });
};
