import type { RedisPort } from '../../lib/redis/redis-port.ts';
import type { Generation } from '../../lib/stream/generations.ts';
import { newestIn, offsetIn } from '../../lib/stream/header.ts';
import type { Profile } from '../../models/model.ts';
import { profileOf } from '../../models/profile.ts';
import { readSeen, type SeenIndex } from '../../schemas/packed/seen-items.ts';
import { readServed, type ServedIndex } from '../../schemas/packed/served.ts';
import { decodeAttributes } from '../../schemas/packed/user-features.ts';
import { subjectOf } from '../../services/candidates/candidates.ts';
import { foldNames } from '../../services/serving/plan.ts';
import { readAll } from '../../services/serving/reads.ts';
import { sessionProfile } from '../../services/serving/sessions.ts';

/** A user as answers see them now. */
export interface KnownUser {
  /** As lists are made from it: of the request's session, where it brought one. */
  readonly profile: Profile;
  /** Null: the user has no features. */
  readonly newestAtMs: number | null;
  /** Offset of interactions up to which the features, and what was seen, are folded; -1: none. */
  readonly profileOffset: number;
  readonly seenOffset: number;
  readonly seen: SeenIndex;
  /** What rules may compare items with, by the configured names. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Among the last answers in the context that was asked for. */
  readonly served: ServedIndex;
}

/** As a request without consent sees its user: by the session that it brought, and nothing else. */
export function unknownUser(
  { userId, contextId, session }: Parameters<typeof readKnownUser>[1],
  { types, nowMs }: { readonly types: readonly string[]; readonly nowMs: number },
): KnownUser {
  const now = { userId, atMs: nowMs, type: types[0] ?? '' };
  return {
    profile: session.length === 0 ? profileOf(userId, []) : sessionProfile(session, [], now),
    newestAtMs: null,
    profileOffset: -1,
    seenOffset: -1,
    seen: readSeen(null, { horizonMs: null, newestMs: -1 }),
    attributes: new Map(),
    served: readServed(null, contextId),
  };
}

/** `isKnown`: whether features or seen items are kept of the user. */
export async function readKnownUser(
  redis: Pick<RedisPort, 'mgetMany'>,
  of: { readonly userId: string; readonly contextId: string; readonly session: readonly string[] },
  given: {
    readonly generations: ReadonlyMap<string, Generation>;
    readonly types: readonly string[];
    readonly profileAttributes: readonly string[];
    readonly nowMs: number;
  },
): Promise<{ readonly isKnown: boolean; readonly user: KnownUser }> {
  const { userId, session } = of;
  const { generations, types, nowMs } = given;
  const featuresAt = generations.get(foldNames.features);
  const seenAt = generations.get(foldNames.seen);
  const at = [featuresAt, seenAt, generations.get(foldNames.served)].map((generation) =>
    generation === undefined
      ? null
      : { header: generation.header(userId), row: generation.row(userId) },
  );
  const read = await readAll(
    redis,
    at.flatMap((keys) => (keys === null ? [] : [keys.header, keys.row])),
  );
  const [features, seenItems, served] = at.map((keys) => ({
    header: keys === null ? null : (read.get(keys.header) ?? null),
    row: keys === null ? null : (read.get(keys.row) ?? null),
  }));
  const row = features?.row ?? null;
  const seenRow = seenItems?.row ?? null;
  const subject = subjectOf(userId, { features: row, seen: seenRow }, types);
  const stored = subject?.profile ?? profileOf(userId, []);
  const now = { userId, atMs: nowMs, type: types[0] ?? '' };
  return {
    isKnown: row !== null || seenRow !== null,
    user: {
      profile: session.length === 0 ? stored : sessionProfile(session, stored.recents, now),
      newestAtMs: subject?.newestAtMs ?? null,
      profileOffset: featuresAt === undefined ? -1 : offsetIn(features?.header ?? null),
      seenOffset: seenAt === undefined ? -1 : offsetIn(seenItems?.header ?? null),
      attributes: row === null ? new Map() : decodeAttributes(row, given.profileAttributes),
      served: readServed(served?.row ?? null, of.contextId),
      seen: readSeen(seenRow, {
        horizonMs: seenAt?.current.horizonMs ?? null,
        newestMs: newestIn(seenItems?.header ?? null),
      }),
    },
  };
}
