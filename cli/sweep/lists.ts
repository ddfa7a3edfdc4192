import type { RedisPort } from '../../lib/redis/redis-port.ts';
import type { CurrentGeneration } from '../../lib/stream/current.ts';
import { newestIn, offsetIn } from '../../lib/stream/header.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { isPast } from '../../lib/stream/sweep-rows.ts';
import { decodeCandidatesHead, listPrefix } from '../../schemas/packed/candidates.ts';
import { decodeOpenExampleHead, openExampleMark } from '../../schemas/packed/open-examples.ts';
import { decodeWarmMarks, warmMarksKey } from '../../services/candidates/warm-marks.ts';
import { newestActMs, type Sweepable } from './rows.ts';

export interface ListsToSweep {
  readonly redis: Pick<RedisPort, 'mget' | 'getRanges'>;
  /** Of `candidates`, and of the profiles that lists are made from. */
  readonly own: CurrentGeneration;
  readonly features: CurrentGeneration;
  /** Model versions that contexts name; null: not known for certain, so none is taken for unused. */
  readonly inUse: ReadonlySet<string> | null;
  /** When it was found out which are in use: a list made since may be of a model new in use. */
  readonly knownMs: number;
}

const prefixLength = listPrefix('').length;
/** Enough of a list, or of an open example, to hold what stands before its candidates. */
const listHeadBytes = 24;

/**
 * Lists are no fold's rows: one may go when no context uses its model, or when its user's profile
 * is gone. Each is made again when it is asked for.
 */
export function sweepableLists(sweep: ListsToSweep): Sweepable[] {
  const keys = foldKeys(sweep.own);
  const inUse = sweep.inUse === null ? null : new Set([...sweep.inUse].map(listPrefix));
  return Array.from({ length: sweep.own.partitions }, (_, partition) => {
    const prefix = keys.row(partition, '');
    return {
      fold: sweep.own.name,
      partition,
      headerKey: keys.header(partition),
      prefix,
      look: async (rows) => {
        const marksKey = keys.row(partition, warmMarksKey);
        const lists = rows.filter((key) => key !== marksKey);
        const found = await profilesOf(sweep, partition, {
          header: keys.header(partition),
          users: lists.map((key) => ofKey(key.slice(prefix.length)).user),
        });
        const judged = lists.map((key, at) => ({
          key,
          isUnused: inUse !== null && !inUse.has(ofKey(key.slice(prefix.length)).list),
          isOrphan: found.gone[at] === true,
        }));
        const suspects = judged.filter(({ isUnused, isOrphan }) => isUnused || isOrphan);
        const heads = await headsOf(
          sweep,
          suspects.map(({ key }) => ({ key, ...ofKey(key.slice(prefix.length)) })),
        );
        const expired = suspects.flatMap(({ key, isUnused, isOrphan }, at) => {
          const head = heads[at] ?? null;
          if (head === null) return [];
          // Where profiles are folded anew, they know less than the list did: not gone, but to come.
          const isOver = isOrphan && head.profileOffset <= found.offset;
          return isOver || (isUnused && head.computedAtMs < sweep.knownMs) ? [key] : [];
        });
        const marks = rows.length > lists.length && (await saysTooMuch(sweep, marksKey));
        const over = marks ? [...expired, marksKey] : expired;
        return { header: found.header, rows: lists.length, expired: over };
      },
    };
  });
}

/**
 * Whether the marks call a version warm whose lists may go now. Without them the owner of the
 * partition looks again, and passes over what is there.
 */
async function saysTooMuch({ redis, inUse }: ListsToSweep, marksKey: string): Promise<boolean> {
  if (inUse === null) return false;
  const [stored = null] = await redis.mget([marksKey]);
  return decodeWarmMarks(stored).some(({ version }) => !inUse.has(version));
}

interface Profiles {
  /** Of the lists' partition. */
  readonly header: Buffer | null;
  /** Up to where the profiles are folded. */
  readonly offset: number;
  /** Per user: there is no profile, or it has expired. */
  readonly gone: readonly boolean[];
}

/** In one command, so that all of it is of one moment: both folds' keys share the tag of users. */
async function profilesOf(
  { redis, features }: ListsToSweep,
  partition: number,
  { header: headerKey, users }: { readonly header: string; readonly users: readonly string[] },
): Promise<Profiles> {
  const keys = foldKeys(features);
  const [header = null, profiles = null, ...rows] = await redis.mget([
    headerKey,
    keys.header(partition),
    ...users.map((user) => keys.row(partition, user)),
  ]);
  const newestMs = newestIn(profiles);
  const horizonMs = features.horizonMs ?? Infinity;
  const gone = users.map((_, at) => {
    const row = rows[at] ?? null;
    return row === null || isPast({ horizonMs, lastMs: newestActMs }, row, newestMs);
  });
  return { header, offset: offsetIn(profiles), gone };
}

/** Whose row it is; beside a list lies the example that was logged with it. */
function ofKey(key: string): { isExample: boolean; list: string; user: string } {
  const isExample = key.startsWith(openExampleMark);
  const own = isExample ? key.slice(openExampleMark.length) : key;
  return { isExample, list: own.slice(0, prefixLength), user: own.slice(prefixLength) };
}

type Head = Pick<ReturnType<typeof decodeCandidatesHead>, 'profileOffset' | 'computedAtMs'>;

/** One that was closed waits for nothing: it goes with the first reason. */
function exampleHead(bytes: Buffer): Head {
  const open = decodeOpenExampleHead(bytes);
  if (open === null) return { profileOffset: 0, computedAtMs: 0 };
  return { profileOffset: open.profileOffset, computedAtMs: open.notedAtMs };
}

/** Null where there is no list (any more), or none that this release can read. */
async function headsOf(
  { redis }: ListsToSweep,
  lists: readonly { readonly key: string; readonly isExample: boolean }[],
): Promise<readonly (Head | null)[]> {
  const ranges = lists.map(({ key }) => ({ key, start: 0, end: listHeadBytes - 1 }));
  return (await redis.getRanges(ranges)).map((bytes, at) => {
    try {
      if (bytes.length === 0) return null;
      return lists[at]?.isExample === true ? exampleHead(bytes) : decodeCandidatesHead(bytes);
    } catch {
      return null;
    }
  });
}
