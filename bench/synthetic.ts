import type { Item } from '../schemas/generated/item.ts';
import type { UserEvent } from '../schemas/generated/user-event.ts';
import { plainEvent } from '../schemas/plain-event.ts';
import { randomOf, zipf } from './micro/synthetic.ts';

export interface World {
  readonly users: readonly string[];
  readonly items: readonly string[];
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
const idChars = 9;

/** Ids of ten bytes that share nothing but the first: no layout gains by common beginnings. */
export function idsOf(count: number, { letter, seed }: { letter: string; seed: number }): string[] {
  const random = randomOf(seed);
  const ids = new Set<string>();
  while (ids.size < count) {
    let id = letter;
    for (let n = 0; n < idChars; n++) id += alphabet[Math.floor(random() * alphabet.length)];
    ids.add(id);
  }
  return [...ids];
}

export const worldOf = (users: number, items: number): World => ({
  users: idsOf(users, { letter: 'u', seed: 11 }),
  items: idsOf(items, { letter: 'i', seed: 12 }),
});

/** Types of events and the share of all events up to and with each. */
const types: readonly (readonly [type: string, upTo: number])[] = [
  ['view', 0.7],
  ['click', 0.85],
  ['add_to_cart', 0.91],
  ['like', 0.95],
  ['purchase', 1],
];

const typeAt = (share: number): string => types.find(([, upTo]) => share < upTo)?.[0] ?? 'view';

export interface EventsOptions {
  readonly world: World;
  readonly count: number;
  readonly seed: number;
  /** What the ids of the events begin with. */
  readonly idPrefix: string;
  /** Event times go evenly from here to there. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Users evenly, items by Zipf's law with exponent 1, from a fixed seed. */
export function* eventsOf(options: EventsOptions): Generator<UserEvent> {
  const { world, count, seed, idPrefix, fromMs, toMs } = options;
  const random = randomOf(seed);
  const rank = zipf(world.items.length, 1, random);
  const stepMs = (toMs - fromMs) / count;
  for (let n = 0; n < count; n++) {
    yield plainEvent({
      eventId: `${idPrefix}${n}`,
      userId: world.users[Math.floor(random() * world.users.length)] ?? '',
      itemId: world.items[rank()] ?? '',
      type: typeAt(random()),
      atMs: Math.floor(fromMs + n * stepMs),
    });
  }
}

export const itemOf = (itemId: string, number: number): Item => ({
  item_id: itemId,
  title: `Item ${number}`,
  categories: [`category-${number % 20}`],
  attributes: {},
  available_from: null,
  available_until: null,
});
