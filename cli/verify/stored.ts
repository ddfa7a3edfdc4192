import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { tagOf } from '../../lib/redis/tags.ts';
import { type Header, opened, parseHeader } from '../../lib/stream/header.ts';
import type { VerifiedFold } from './folds.ts';

/** Values of one partition, and where the partition stood in the moment they were read. */
export interface StoredChunk {
  readonly headerText: string | null;
  readonly offset: number;
  /** Keys of rows, without what all keys of the fold begin with. */
  readonly keys: readonly string[];
  readonly values: readonly (Buffer | null)[];
  /** Only in the chunk that has it. */
  readonly shared: { readonly value: Buffer | null } | null;
}

/** Everything that Redis holds of one partition of a fold. */
export interface StoredPartition {
  readonly partition: number;
  /** Where it stood before the keys were listed; null: nothing was stored. */
  readonly before: Header | null;
  /** All keys that were there throughout the listing. */
  readonly keys: ReadonlySet<string>;
  /** In ascending order of their offsets. */
  readonly chunks: readonly StoredChunk[];
}

const rowsPerRead = 500;
/** `{aB}` + code + id4. */
const prefixLength = 9;

/**
 * Reads the stored state of folds, while services go on: each chunk of rows is read in one command
 * with the header of its partition, so each is of one moment, which its offset names.
 */
export async function readStored(
  redis: RedisPort,
  folds: readonly VerifiedFold[],
): Promise<Map<VerifiedFold, StoredPartition[]>> {
  const headers = new Map<VerifiedFold, (Header | null)[]>();
  for (const verified of folds) {
    const own: (Header | null)[] = [];
    for (let partition = 0; partition < verified.current.partitions; partition += 1) {
      const [bytes] = await redis.mget([verified.keys.header(partition)]);
      own.push(bytes === null || bytes === undefined ? null : parseHeader(bytes));
    }
    headers.set(verified, own);
  }
  const listed = await listKeys(redis, folds);
  const stored = new Map<VerifiedFold, StoredPartition[]>();
  for (const verified of folds) {
    const partitions: StoredPartition[] = [];
    for (const [partition, before] of (headers.get(verified) ?? []).entries()) {
      const keys = listed.get(verified.keys.row(partition, '')) ?? new Set();
      const chunks = await readChunks(redis, verified, { partition, keys });
      partitions.push({ partition, before, keys, chunks });
    }
    stored.set(verified, partitions);
  }
  return stored;
}

/** Names of rows by what they begin with. */
async function listKeys(
  redis: RedisPort,
  folds: readonly VerifiedFold[],
): Promise<Map<string, Set<string>>> {
  const byPrefix = new Map<string, Set<string>>();
  for (const { keys, current } of folds) {
    for (let partition = 0; partition < current.partitions; partition += 1) {
      byPrefix.set(keys.row(partition, ''), new Set());
    }
  }
  for await (const page of redis.scan(`${tagOf('user', 0)[0]}*`)) {
    for (const key of page) byPrefix.get(key.slice(0, prefixLength))?.add(key.slice(prefixLength));
  }
  return byPrefix;
}

async function readChunks(
  redis: RedisPort,
  { fold, keys: names }: VerifiedFold,
  { partition, keys }: { partition: number; keys: ReadonlySet<string> },
): Promise<StoredChunk[]> {
  const chunks: StoredChunk[] = [];
  const read = async (wanted: readonly string[], withShared: boolean): Promise<void> => {
    const [header = null, ...values] = await redis.mget([
      names.header(partition),
      ...wanted.map((key) => names.row(partition, key)),
      ...(withShared ? [names.shared(partition)] : []),
    ]);
    const shared = withShared ? { value: values.pop() ?? null } : null;
    // A switch under way marks headers: what lies below them is what it was.
    const headerText = header === null ? null : opened(header.toString());
    const offset = headerText === null ? 0 : (parseHeader(headerText).offsets[0] ?? 0);
    chunks.push({ headerText, offset, keys: wanted, values, shared });
  };
  await read([], fold.shared !== null);
  const all = [...keys];
  for (let at = 0; at < all.length; at += rowsPerRead) {
    await read(all.slice(at, at + rowsPerRead), false);
  }
  return chunks.toSorted((a, b) => a.offset - b.offset);
}
