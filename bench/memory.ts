import { partitionOf } from '../lib/kafka/partitioner.ts';
import { readCurrent } from '../lib/stream/current.ts';
import { foldKeys } from '../lib/stream/keys.ts';
import { decodeCandidates } from '../schemas/packed/candidates.ts';
import type { UserEvent } from '../schemas/generated/user-event.ts';
import { plainEvent } from '../schemas/plain-event.ts';
import type { Bed } from './bed.ts';
import { randomOf, zipf } from './micro/synthetic.ts';
import { round } from './stages.ts';
import { idsOf, type World } from './synthetic.ts';

/** Users who are made for measuring memory: each has exactly as much as the figure speaks of. */
const probesOfAKind = 200;
export const heavyItems = 100;
export const lightEvents = 10;

const probeIds = idsOf(2 * probesOfAKind, { letter: 'p', seed: 13 });
const heavyUsers = probeIds.slice(0, probesOfAKind);
const lightUsers = probeIds.slice(probesOfAKind);

/** 100 distinct items for each heavy user; 10 events, items by Zipf's law, for each light one. */
export function* probeEvents(world: World, atMs: number): Generator<UserEvent> {
  const random = randomOf(14);
  const rank = zipf(world.items.length, 1, random);
  let n = 0;
  const event = (userId: string, itemId: string): UserEvent =>
    plainEvent({ eventId: `p${n++}`, userId, itemId, type: 'view', atMs: atMs + n });
  for (const userId of heavyUsers) {
    const own = new Set<string>();
    while (own.size < Math.min(heavyItems, world.items.length))
      own.add(world.items[Math.floor(random() * world.items.length)] ?? '');
    for (const itemId of own) yield event(userId, itemId);
  }
  for (const userId of lightUsers)
    for (let k = 0; k < lightEvents; k++) yield event(userId, world.items[rank()] ?? '');
}

export interface MemoryResult {
  /** Of a user's seen items, key and overhead included, per item at 100 items. */
  readonly redis_bytes_per_seen_item: number;
  /** All keys of a user with 10 events and 100 candidates of one model. */
  readonly redis_bytes_per_light_user: number;
  /** The same by fold. */
  readonly light_user_bytes: Readonly<Record<string, number>>;
  /** Candidates that the light users' lists hold on average: the figure speaks of 100. */
  readonly light_user_candidates: number;
}

/** MEMORY USAGE of every key that belongs to one of the probes. */
export async function measureMemory(bed: Bed): Promise<MemoryResult> {
  const light = new Set(lightUsers);
  const idChars = lightUsers[0]?.length ?? 0;
  const names = foldNames;
  const bytes: Record<string, number> = {};
  let candidates = 0;
  for await (const keys of bed.redis.scan('{*')) {
    for (const key of keys) {
      if (!light.has(key.slice(-idChars))) continue;
      const fold = names[key[key.indexOf('}') + 1] ?? ''] ?? 'other';
      bytes[fold] = (bytes[fold] ?? 0) + (await bed.redis.memoryUsage(key));
      // Beside the lists lie open training examples: their keys begin with a mark of their own.
      if (fold !== 'candidates' || key.startsWith('!', key.indexOf('}') + 6)) continue;
      const [value] = await bed.redis.mget([key]);
      if (value !== null && value !== undefined)
        candidates += decodeCandidates(value).candidates.length;
    }
  }
  const perUser = Object.fromEntries(
    Object.entries(bytes).map(([fold, sum]) => [fold, round(sum / lightUsers.length)]),
  );
  return {
    redis_bytes_per_seen_item: await bytesPerSeenItem(bed),
    redis_bytes_per_light_user: round(Object.values(perUser).reduce((sum, one) => sum + one, 0)),
    light_user_bytes: perUser,
    light_user_candidates: round(candidates / lightUsers.length),
  };
}

/** What the letters of keys stand for. */
const foldNames: Readonly<Record<string, string>> = {
  f: 'user-features',
  s: 'seen-items',
  g: 'signals',
  c: 'candidates',
  x: 'external',
};

async function bytesPerSeenItem(bed: Bed): Promise<number> {
  const current = await readCurrent(bed.redis, bed.config.prefix, 'seen-items');
  if (current === null) return Number.NaN;
  const keys = foldKeys(current);
  let bytes = 0;
  for (const user of heavyUsers) {
    const key = keys.row(partitionOf(user, current.partitions), user);
    bytes += await bed.redis.memoryUsage(key);
  }
  return round(bytes / heavyUsers.length / heavyItems);
}
