/** Where scores of this many items lie: one array per catalogue, used again for every list. */
export class Scores {
  readonly values: Float64Array;
  readonly touched: number[] = [];

  constructor(items: number) {
    this.values = new Float64Array(items);
  }

  add(item: number, value: number): void {
    if (this.values[item] === 0 && value !== 0) this.touched.push(item);
    this.values[item] = (this.values[item] as number) + value;
  }

  clear(): void {
    for (const item of this.touched) this.values[item] = 0;
    this.touched.length = 0;
  }
}

/**
 * The `count` best of the items, by value and then by number, whose value is above 0 and who are
 * not banned.
 */
export const best = (
  { values, touched }: Pick<Scores, 'values' | 'touched'>,
  count: number,
  banned: ReadonlySet<number>,
): number[] => {
  const found: number[] = [];
  const comesBefore = (a: number, b: number): boolean => {
    const difference = (values[a] as number) - (values[b] as number);
    return difference > 0 || (difference === 0 && a < b);
  };
  for (const item of touched) {
    if (!((values[item] as number) > 0) || banned.has(item)) continue;
    if (found.length === count && !comesBefore(item, found[count - 1] as number)) continue;
    let at = found.length === count ? count - 1 : found.length;
    while (at > 0 && comesBefore(item, found[at - 1] as number)) {
      found[at] = found[at - 1] as number;
      at -= 1;
    }
    found[at] = item;
  }
  return found;
};

/** The list, filled up from `filler` with what is not on it. */
export const filled = (
  list: readonly number[],
  filler: readonly number[],
  given: { readonly count: number; readonly banned: ReadonlySet<number> },
): number[] => {
  const items = list.slice(0, given.count);
  const there = new Set(items);
  for (const item of filler) {
    if (items.length >= given.count) break;
    if (!there.has(item) && !given.banned.has(item)) items.push(item);
  }
  return items;
};

/** The last distinct items of a history, newest first. */
export const lastDistinct = (history: readonly number[], count: number): number[] => {
  const items: number[] = [];
  const there = new Set<number>();
  for (let at = history.length - 1; at >= 0 && items.length < count; at--) {
    const item = history[at] as number;
    if (there.has(item)) continue;
    there.add(item);
    items.push(item);
  }
  return items;
};
