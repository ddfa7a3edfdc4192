import { setTimeout as pause } from 'node:timers/promises';

import type { RedisPort } from '../../lib/redis/redis-port.ts';
import type { Generation } from '../../lib/stream/generations.ts';
import { offsetIn } from '../../lib/stream/header.ts';
import type { OwnState } from '../../lib/stream/run-task.ts';
import { decodeCandidatesHead } from '../../schemas/packed/candidates.ts';
import type { PersonalModel } from '../../retrieval/personal-models.ts';
import { type Subject, subjectOf } from './candidates.ts';

/** How long a slice looks out for the features of its own records before its partition pauses. */
const looksMs = [2, 4, 8, 16, 32];

/** A list made this recently, from a profile past the slice, is not made again. */
const newMsMax = 60_000;
/** Enough of a list to hold what stands before its candidates. */
const listHeadBytes = 24;

/** Whether the features have folded all below `from`, or do so within a moment. */
export async function lookOut(
  redis: Pick<RedisPort, 'mget'>,
  at: { readonly source: Generation; readonly partition: number; readonly from: number },
): Promise<boolean> {
  for (const waitMs of [...looksMs, null]) {
    const [header] = await redis.mget([at.source.keys.header(at.partition)]);
    if (offsetIn(header ?? null) >= at.from) return true;
    if (waitMs !== null) await pause(waitMs);
  }
  return false;
}

/**
 * Profiles, the offset that they are of, and the users' open examples with the header that they
 * are of: read in one command, so that all are of one moment. `opens` is null where the header is
 * not the one that the slice starts from: another owner may have closed these examples.
 */
export async function readSubjects(
  redis: Pick<RedisPort, 'mget'>,
  users: readonly string[],
  at: {
    readonly source: Generation;
    /** Undefined: nobody keeps what users have seen. */
    readonly seen: Generation | undefined;
    readonly partition: number;
    readonly types: readonly string[];
    readonly own: OwnState;
    readonly openKeys: readonly string[];
  },
): Promise<{
  readonly offset: number;
  /** What the users have seen was folded to here: it may be ahead of the profiles. */
  readonly seenTo: number;
  readonly subjects: readonly Subject[];
  readonly opens: readonly (Buffer | null)[] | null;
}> {
  const { partition, types, own, openKeys, seen } = at;
  const { keys } = at.source;
  const [header, ownHeader, ...values] = await redis.mget([
    keys.header(partition),
    own.keys.header(partition),
    ...users.map((user) => keys.row(partition, user)),
    ...openKeys.map((key) => own.keys.row(partition, key)),
    ...(seen === undefined
      ? []
      : [seen.keys.header(partition), ...users.map((user) => seen.keys.row(partition, user))]),
  ]);
  const stands = (ownHeader?.toString() ?? null) === own.headerText;
  const opensTo = users.length + openKeys.length;
  const seenAt = opensTo + 1;
  const subjects: Subject[] = [];
  for (const [index, user] of users.entries()) {
    const rows = { features: values[index] ?? null, seen: values[seenAt + index] ?? null };
    const subject = subjectOf(user, rows, types);
    if (subject !== null) subjects.push(subject);
  }
  const opens = stands ? values.slice(users.length, opensTo) : null;
  const seenTo = offsetIn(values[opensTo] ?? null);
  return { offset: offsetIn(header ?? null), seenTo, subjects, opens };
}

/**
 * Without those whose list knows all below `from` already. In a backlog the features are ahead, and
 * one list answers for many slices of its user. What is stored is asked, not remembered: after a
 * restart of Redis with an older state the list is gone and made again.
 */
export async function withoutNewLists(
  redis: Pick<RedisPort, 'getRanges'>,
  subjects: readonly Subject[],
  at: {
    /** The generation of the lists themselves. */
    readonly own: Generation;
    readonly partition: number;
    readonly model: PersonalModel;
    readonly from: number;
    readonly nowMs: number;
  },
): Promise<readonly Subject[]> {
  const { own, partition, model, from, nowMs } = at;
  const heads = await redis.getRanges(
    subjects.map(({ userId }) => ({
      key: own.keys.row(partition, model.listPrefix + userId),
      start: 0,
      end: listHeadBytes - 1,
    })),
  );
  return subjects.filter((_, index) => {
    const head = heads[index];
    if (head === undefined || head.length === 0) return true;
    const { profileOffset, computedAtMs } = decodeCandidatesHead(head);
    return profileOffset < from || nowMs - computedAtMs > newMsMax;
  });
}
