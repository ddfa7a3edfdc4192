import { setTimeout as pause } from 'node:timers/promises';

import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { type Generation, generationOf } from '../../lib/stream/generations.ts';
import type { CurrentGeneration } from '../../lib/stream/current.ts';
import { type Comparison, isEqual, note, nothingCompared, prefixLength } from './compare.ts';

export interface CompareSetsOptions {
  readonly redis: Pick<RedisPort, 'mgetMany' | 'scan'>;
  /** A fold of users in the set that is current, and the same in the next one. */
  readonly before: CurrentGeneration;
  readonly after: CurrentGeneration;
  readonly describe: (bytes: Buffer) => string;
  /** The part of a row that does not rest on what else its partition holds. */
  readonly ownPart: (row: Buffer) => Buffer;
}

const rowsPerRead = 250;
const lookAgainMs = 50;
/** Both are moments behind the log: who does nothing for so long is the same in both, or differs. */
const stillMax = 40;
const looksMax = 200;

/**
 * Compares what two sets keep of each user, while both are folded. Their offsets say nothing of
 * one another, so a value that differs is looked at again until both stand still.
 */
export async function compareSets(options: CompareSetsOptions): Promise<Comparison> {
  const result = nothingCompared();
  const of = { before: generationOf(options.before), after: generationOf(options.after) };
  const users = [...(await usersOf(options))];
  for (let at = 0; at < users.length; at += rowsPerRead)
    await compareUsers(users.slice(at, at + rowsPerRead), { ...options, of, result });
  return result;
}

async function usersOf({ redis, before, after }: CompareSetsOptions): Promise<Set<string>> {
  const users = new Set<string>();
  for (const { code, id4 } of [before, after]) {
    for await (const page of redis.scan(`{??}${code}${id4}*`))
      for (const key of page) users.add(key.slice(prefixLength));
  }
  return users;
}

interface Comparing extends CompareSetsOptions {
  readonly of: { readonly before: Generation; readonly after: Generation };
  readonly result: Comparison;
}

type Value = Buffer | null;

async function compareUsers(users: readonly string[], given: Comparing): Promise<void> {
  const { redis, of, result } = given;
  result.values += users.length;
  let open = users.map((user) => ({ user, before: null as Value, after: null as Value, still: 0 }));
  for (let looks = 0; open.length > 0 && looks < looksMax; looks += 1) {
    if (looks > 0) await pause(lookAgainMs);
    const values = await redis.mgetMany(
      open.flatMap(({ user }) => [[of.before.row(user)], [of.after.row(user)]]),
    );
    open = open.flatMap((one, at) => {
      const before = values[2 * at]?.[0] ?? null;
      const after = values[2 * at + 1]?.[0] ?? null;
      const own = (row: Value): Value => (row === null ? null : given.ownPart(row));
      if (isEqual(own(before), own(after))) {
        if (before === null) result.values -= 1;
        return [];
      }
      const isStill = isEqual(before, one.before) && isEqual(after, one.after);
      const still = isStill ? one.still + 1 : 0;
      if (still < stillMax) return [{ user: one.user, before, after, still }];
      note(result, given, { key: one.user, before, after });
      return [];
    });
  }
  result.notCompared += open.length;
}
