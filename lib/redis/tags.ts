import { slotOf, slotsMax } from './slot.ts';

/** Whose state it is: keyed by user, by item, or by source partition. */
export type Family = 'user' | 'item' | 'source';

const families: readonly Family[] = ['user', 'item', 'source'];
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Two letters give 3,844 tags: enough for this many partitions of three families. */
export const partitionsMax = 1_024;

/**
 * The hash tag of a partition, braces included. All state of one family and partition shares it,
 * so that one script changes it at once; and the slots of tags 0..n-1 lie evenly over a cluster
 * for every n, because they follow the van der Corput sequence. The table never changes: tags are
 * part of the names of stored keys.
 */
export function tagOf(family: Family, partition: number): string {
  if (partition >= partitionsMax) throw new RangeError(`partition ${partition} is too high`);
  const n = partition * families.length + families.indexOf(family);
  while (taken.length <= n) taken.push(nearest(taken.length));
  return taken[n] ?? '';
}

interface Tag {
  readonly tag: string;
  readonly slot: number;
}

/** Made as far as anybody has asked: 3,072 entries would cost every start a tenth of a second. */
const taken: string[] = [];
let free: Tag[] | null = null;

function nearest(n: number): string {
  free ??= tags();
  // The families of one partition lie a third of the ring apart.
  const share = vanDerCorput(Math.floor(n / families.length)) + (n % families.length) / 3;
  const wanted = Math.floor((share % 1) * slotsMax);
  let best = 0;
  for (let at = 1; at < free.length; at += 1) {
    if (distance(free[at]?.slot, wanted) < distance(free[best]?.slot, wanted)) best = at;
  }
  return `{${free.splice(best, 1)[0]?.tag ?? ''}}`;
}

function tags(): Tag[] {
  const letters = alphabet.split('');
  return letters
    .flatMap((a) => letters.map((b) => ({ tag: a + b, slot: slotOf(a + b) })))
    .toSorted((a, b) => a.slot - b.slot || (a.tag < b.tag ? -1 : 1));
}

const distance = (slot: number | undefined, wanted: number): number =>
  Math.abs((slot ?? Infinity) - wanted);

/** n with its binary digits mirrored behind the point: 0, 1/2, 1/4, 3/4, 1/8, ... */
function vanDerCorput(n: number): number {
  let share = 0;
  let unit = 0.5;
  for (let rest = n; rest > 0; rest >>= 1, unit /= 2) share += (rest & 1) * unit;
  return share;
}
