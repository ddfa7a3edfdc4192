import type { RedisPort } from '../redis/redis-port.ts';
import { script } from '../redis/redis-port.ts';
import type { Write } from './topology.ts';

export interface KeyWrite {
  readonly key: string;
  readonly write: Write;
}

export interface Commit {
  readonly headerKey: string;
  /** The header that the slice started from; null: there was none. */
  readonly expected: string | null;
  readonly next: string;
  readonly writes: readonly KeyWrite[];
  /** Keys to delete, none of which is written; left out: none. */
  readonly removes?: readonly string[];
  /** The decisions that the slice was folded by: how many there were. Left out: by none. */
  readonly decided?: { readonly key: string; readonly count: number };
}

export interface Decision {
  readonly headerKey: string;
  readonly expected: string | null;
  readonly key: string;
  readonly offsets: readonly number[];
}

export interface Removal {
  readonly headerKey: string;
  readonly expected: string | null;
  readonly keys: readonly string[];
}

/** Rows that were there, and the bytes of their values. */
export interface Removed {
  readonly rows: number;
  readonly bytes: number;
}

/**
 * Where partition states live. Two implementations pass one conformance suite
 * (store.conformance.ts): Redis, and memory for tests.
 */
export interface StateStore {
  /** Values of keys of one partition, read at one moment. */
  load(keys: readonly string[]): Promise<(Buffer | null)[]>;
  /**
   * Writes all values and the header and deletes what is to go, or does nothing: 'refused' when the
   * stored header is not `expected` any more, or a decision has come in between, which may have
   * been sent long before and leaves the header as it is. May throw RetryableError with the outcome unknown; doing it again is
   * then safe, because it is refused if it was done.
   */
  commit(commit: Commit): Promise<'applied' | 'refused'>;
  /**
   * Remembers decisions that another reading of the log could not repeat, or 'refused' as a commit
   * would be: an owner that was overtaken must not decide what another one has folded by now.
   */
  decide(decision: Decision): Promise<'applied' | 'refused'>;
  decided(key: string): Promise<Set<number>>;
  /**
   * Deletes rows, or nothing: 'refused' when the stored header is not `expected` any more. The
   * header stays: whoever may delete a row needs no row to know that it is not there.
   */
  remove(removal: Removal): Promise<Removed | 'refused'>;
}

/**
 * Compare-and-set of a partition's state.
 *
 * KEYS: 1 header; then the keys to set, in order; then one key per patch; then the keys to delete;
 *       then the set of decided offsets, if there is a fifth argument.
 * ARGV: 1 expected header, empty if there must be none; 2 next header; 3 number of keys to set;
 *       4 number of patches; 5 number of decided offsets, or empty; then the values to set; then per
 *       patch its place and its bytes.
 * Returns 1 when everything was written, 0 when the header was another one and nothing was.
 *
 * Headers are compared as text: Lua's numbers are doubles. Nothing after the first write can fail:
 * a full Redis refuses the first write, all keys hold strings, and argument lists are cut into
 * chunks because unpack fails at about 8,000. The header is written last.
 */
const commitScript = script(`
local held = redis.call('GET', KEYS[1])
if (held or '') ~= ARGV[1] then return 0 end
local last = #KEYS
if ARGV[5] ~= '' then
  if redis.call('SCARD', KEYS[last]) ~= tonumber(ARGV[5]) then return 0 end
  last = last - 1
end
local sets = tonumber(ARGV[3])
local patches = tonumber(ARGV[4])
local chunk = {}
local n = 0
for i = 1, sets do
  chunk[n + 1] = KEYS[1 + i]
  chunk[n + 2] = ARGV[5 + i]
  n = n + 2
  if n == 4000 then
    redis.call('MSET', unpack(chunk, 1, n))
    n = 0
  end
end
if n > 0 then redis.call('MSET', unpack(chunk, 1, n)) end
local at = 5 + sets
for i = 2 + sets, 1 + sets + patches do
  redis.call('SETRANGE', KEYS[i], ARGV[at + 1], ARGV[at + 2])
  at = at + 2
end
for i = 2 + sets + patches, last, 4000 do
  redis.call('UNLINK', unpack(KEYS, i, math.min(i + 3999, last)))
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
`);

/**
 * KEYS: 1 header; 2 the set of decided offsets.
 * ARGV: 1 expected header, empty if there must be none; then the offsets.
 * Returns 1 when they were added, 0 when the header was another one.
 */
const decideScript = script(`
local held = redis.call('GET', KEYS[1])
if (held or '') ~= ARGV[1] then return 0 end
for i = 2, #ARGV, 4000 do
  redis.call('SADD', KEYS[2], unpack(ARGV, i, math.min(i + 3999, #ARGV)))
end
return 1
`);

/**
 * KEYS: 1 header; then the keys to delete.
 * ARGV: 1 expected header, empty if there must be none.
 * Returns how many keys there were and the bytes of their values; 0 when the header was another one.
 */
const removeScript = script(`
local held = redis.call('GET', KEYS[1])
if (held or '') ~= ARGV[1] then return 0 end
local rows = 0
local bytes = 0
for i = 2, #KEYS do bytes = bytes + redis.call('STRLEN', KEYS[i]) end
for i = 2, #KEYS, 4000 do
  rows = rows + redis.call('UNLINK', unpack(KEYS, i, math.min(i + 3999, #KEYS)))
end
return {rows, bytes}
`);

export function redisStore(redis: RedisPort): StateStore {
  return {
    load: (keys) => redis.mget(keys),
    commit: async ({ headerKey, expected, next, writes, removes = [], decided }) => {
      const setKeys: string[] = [];
      const setValues: Buffer[] = [];
      const patchKeys: string[] = [];
      const patchArgs: (string | Buffer)[] = [];
      for (const { key, write } of writes) {
        if ('whole' in write) {
          setKeys.push(key);
          setValues.push(write.whole);
          continue;
        }
        for (const { at, bytes } of write.patches) {
          patchKeys.push(key);
          patchArgs.push(String(at), bytes);
        }
      }
      const known = decided === undefined ? [] : [decided.key];
      const keys = [headerKey, ...setKeys, ...patchKeys, ...removes, ...known];
      const counts = [setKeys.length, patchKeys.length, decided?.count ?? ''].map(String);
      const args = [expected ?? '', next, ...counts, ...setValues, ...patchArgs];
      return (await redis.eval(commitScript, keys, args)) === 1 ? 'applied' : 'refused';
    },
    decide: async ({ headerKey, expected, key, offsets }) => {
      const args = [expected ?? '', ...offsets.map(String)];
      const reply = await redis.eval(decideScript, [headerKey, key], args);
      return reply === 1 ? 'applied' : 'refused';
    },
    decided: async (key) => new Set((await redis.setMembers(key)).map(Number)),
    remove: async ({ headerKey, expected, keys }) => {
      const reply = await redis.eval(removeScript, [headerKey, ...keys], [expected ?? '']);
      if (!Array.isArray(reply)) return 'refused';
      const [rows, bytes] = reply.map(Number);
      return { rows: rows ?? 0, bytes: bytes ?? 0 };
    },
  };
}
