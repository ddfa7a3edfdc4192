import type { Candidate, Profile } from '../../models/model.ts';
import { profileOf } from '../../models/profile.ts';
import type { PersonalModel } from '../../retrieval/personal-models.ts';
import { encodeCandidates } from '../../schemas/packed/candidates.ts';
import { listSeen } from '../../schemas/packed/seen-items.ts';
import { decodeRecents, lastSeenMs } from '../../schemas/packed/user-features.ts';

/** A user whose lists are to be made, as the features stood at one offset. */
export interface Subject {
  readonly userId: string;
  readonly profile: Profile;
  readonly newestAtMs: number;
  /** What the user has seen, as stored; null: nothing is known of it. */
  readonly seen: Buffer | null;
}

/** Null where nothing is known of the user: strangers get no list, and take no memory. */
export function subjectOf(
  userId: string,
  { features, seen }: { readonly features: Buffer | null; readonly seen: Buffer | null },
  types: readonly string[],
): Subject | null {
  if (features === null) return null;
  const newestAtMs = lastSeenMs(features);
  // The user's own newest event is 'now': a list does not change with when it was made.
  const profile = profileOf(userId, decodeRecents(features, types), newestAtMs);
  return { userId, profile: { ...profile, had: hadIn(seen) }, newestAtMs, seen };
}

/** Read when asked for: most lists never ask. */
const hadIn = (seen: Buffer | null): Profile['had'] =>
  seen === null ? null : () => listSeen(seen).map(({ itemId }) => itemId);

/** The row of one list, as it is written. */
export function listRow(
  { userId, newestAtMs }: Pick<Subject, 'userId' | 'newestAtMs'>,
  { listPrefix: prefix }: PersonalModel,
  made: {
    readonly candidates: readonly Candidate[];
    readonly profileOffset: number;
    readonly computedAtMs: number;
  },
): { readonly key: string; readonly value: Buffer } {
  return { key: prefix + userId, value: encodeCandidates({ ...made, newestAtMs }) };
}

export function chunksOf<T>(values: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < values.length; at += size) chunks.push(values.slice(at, at + size));
  return chunks;
}
