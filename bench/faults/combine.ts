import type { FaultRow, Random } from './row.ts';

/** Pairs of rows that can happen at once, drawn from the seed; each with two different rows. */
export function randomPairs(
  rows: readonly FaultRow[],
  count: number,
  random: Random,
): readonly (readonly FaultRow[])[] {
  const able = rows.filter(({ alone, fresh }) => alone !== true && fresh !== true);
  if (able.length < 2) return [];
  return Array.from({ length: count }, () => {
    const first = random.pick(able);
    const second = random.pick(able.filter((row) => row !== first));
    return [first, second].toSorted((a, b) => a.row - b.row);
  });
}

/** One row of all that leave the installation whole, or a pair; so every other turn. */
export function randomTurn(rows: readonly FaultRow[], random: Random): readonly FaultRow[] {
  const whole = rows.filter(({ fresh }) => fresh !== true);
  const [pair] = random.next() < 0.5 ? randomPairs(rows, 1, random) : [];
  return pair ?? (whole.length === 0 ? [] : [random.pick(whole)]);
}
