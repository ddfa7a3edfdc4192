import type { Popularity } from './popularity.ts';
import type { Happened, Tested } from './replay.ts';
import type { BeyondAccuracy } from './result.ts';

/** Pairs of a list cost, so only so many lists of a run are looked at for them. */
const pairedListsMax = 400;

class Mean {
  #sum = 0;
  #count = 0;

  add(value: number): void {
    this.#sum += value;
    this.#count += 1;
  }

  get value(): number | null {
    return this.#count === 0 ? null : this.#sum / this.#count;
  }
}

/** What is good or bad of lists beside whether they were right. */
class ListFigures {
  readonly served = new Set<number>();
  readonly listed = new Map<number, number>();
  readonly atLeast = new Mean();
  readonly categories = new Mean();
  readonly users = new Mean();
  readonly personal = new Mean();
  readonly bits = new Mean();
  readonly percentile = new Mean();
  previous: { readonly user: number; readonly items: readonly number[] } | null = null;
}

export interface BeyondOptions {
  readonly lists: number;
  readonly tests: number;
  readonly popularity: Popularity;
  /** Lists with at least so many items. */
  readonly atLeast: number;
  /** By item; null: nothing is known of its categories. */
  readonly categoriesOf: (item: number) => ReadonlySet<string> | null;
}

/** Looks at every list of a run as it is made. */
export class Beyond {
  readonly #options: BeyondOptions;
  readonly #figures: readonly ListFigures[];
  readonly #usersOf = new Map<number, Set<number>>();
  readonly #tested = new Set<number>();
  readonly #pairEvery: number;

  constructor(options: BeyondOptions) {
    this.#options = options;
    this.#figures = Array.from({ length: options.lists }, () => new ListFigures());
    this.#pairEvery = Math.max(1, Math.ceil(options.tests / pairedListsMax));
  }

  note({ lists, user, test }: Tested): void {
    const { popularity, atLeast } = this.#options;
    this.#tested.add(user);
    for (const [index, items] of lists.entries()) {
      const figures = this.#figures[index] as ListFigures;
      figures.atLeast.add(items.length >= atLeast ? 1 : 0);
      if (items.length === 0) continue;
      figures.served.add(user);
      for (const item of items) {
        figures.listed.set(item, (figures.listed.get(item) ?? 0) + 1);
        figures.bits.add(popularity.bits(item));
        figures.percentile.add(popularity.percentile(item));
      }
      const { previous } = figures;
      if (previous !== null && previous.user !== user)
        figures.personal.add(1 - jaccard(new Set(previous.items), new Set(items)));
      figures.previous = { user, items };
      if (test % this.#pairEvery === 0) this.#pairs(figures, items);
    }
  }

  /** After the event was learned. */
  learn({ user, item }: Happened): void {
    const users = this.#usersOf.get(item);
    if (users === undefined) this.#usersOf.set(item, new Set([user]));
    else users.add(user);
  }

  #pairs(figures: ListFigures, items: readonly number[]): void {
    const users = items.map((item) => this.#usersOf.get(item) ?? nobody);
    const categories = items.map((item) => this.#options.categoriesOf(item));
    for (let a = 0; a < items.length; a++)
      for (let b = a + 1; b < items.length; b++) {
        figures.users.add(1 - cosine(users[a] ?? nobody, users[b] ?? nobody));
        const [one, other] = [categories[a] ?? null, categories[b] ?? null];
        if (one !== null && other !== null) figures.categories.add(1 - jaccard(one, other));
      }
  }

  of(list: number): BeyondAccuracy {
    const figures = this.#figures[list] as ListFigures;
    const { popularity, atLeast } = this.#options;
    const known = Math.max(popularity.items, figures.listed.size);
    const share = (part: number, all: number): number | null => (all === 0 ? null : part / all);
    return {
      user_coverage: share(figures.served.size, this.#tested.size),
      item_coverage: share(figures.listed.size, known),
      at_least: { items: atLeast, share: figures.atLeast.value },
      diversity_categories: figures.categories.value,
      diversity_users: figures.users.value,
      personalisation: figures.personal.value,
      novelty_bits: figures.bits.value,
      popularity_percentile: figures.percentile.value,
      exposure_gini: gini([...figures.listed.values()], known),
    };
  }
}

const nobody: ReadonlySet<number> = new Set();

const common = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>): number => {
  const [small, large] = a.size <= b.size ? [a, b] : [b, a];
  let count = 0;
  for (const one of small) if (large.has(one)) count += 1;
  return count;
};

const jaccard = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>): number => {
  const both = common(a, b);
  return both === 0 ? 0 : both / (a.size + b.size - both);
};

const cosine = (a: ReadonlySet<number>, b: ReadonlySet<number>): number => {
  const both = common(a, b);
  return both === 0 ? 0 : both / Math.sqrt(a.size * b.size);
};

/** Of `counts` and as many zeros as make `all`. */
const gini = (counts: readonly number[], all: number): number | null => {
  const sorted = counts.toSorted((a, b) => a - b);
  const sum = sorted.reduce((total, count) => total + count, 0);
  if (sum === 0) return null;
  const zeros = all - sorted.length;
  const weighted = sorted.reduce((total, count, at) => total + (zeros + at + 1) * count, 0);
  return (2 * weighted) / (all * sum) - (all + 1) / all;
};
