import { type RedisPort, script } from '../redis/redis-port.ts';
import type { Family } from '../redis/tags.ts';

/** The generation of a fold that readers use: what the pointer `current` holds. */
export interface CurrentGeneration {
  readonly name: string;
  readonly hash: string;
  readonly id4: string;
  readonly lineage: string;
  readonly code: string;
  readonly family: Family;
  readonly partitions: number;
  /** After how long a row counts as absent; left out: never. */
  readonly horizonMs?: number;
  /** How often the log was folded anew under this identity before; left out: never. */
  readonly build?: number;
  /** First offset per partition that it was folded from; left out: the first of the log. */
  readonly from?: readonly number[];
  /** Whose switch is closing its partitions, to put another generation in its place. */
  readonly closing?: string;
}

/** Whether both have the same keys. */
export const isSame = (a: CurrentGeneration, b: CurrentGeneration): boolean =>
  a.hash === b.hash && a.id4 === b.id4;

export const currentKey = (prefix: string, name: string): string => `${prefix}:current:${name}`;

export async function readCurrent(
  redis: Pick<RedisPort, 'getString'>,
  prefix: string,
  name: string,
): Promise<CurrentGeneration | null> {
  const text = await redis.getString(currentKey(prefix, name));
  return text === null ? null : (JSON.parse(text) as CurrentGeneration);
}

/**
 * Makes `own` the current generation where there is none yet: the first deployment. Returns the
 * one that is current.
 */
export async function claimCurrent(
  redis: RedisPort,
  prefix: string,
  own: CurrentGeneration,
): Promise<CurrentGeneration> {
  await redis.setIfAbsent(currentKey(prefix, own.name), JSON.stringify(own));
  return (await readCurrent(redis, prefix, own.name)) ?? own;
}

/**
 * KEYS: 1 the key. ARGV: 1 the value that it must hold, empty if none; 2 the value to set.
 * Returns 1 when it was set.
 */
const replaceScript = script(`
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
`);

/** Sets a key to `next` if it holds `expected`. False when it holds something else. */
export const replaceText = async (
  redis: Pick<RedisPort, 'eval'>,
  key: string,
  { expected, next }: { readonly expected: string | null; readonly next: string },
): Promise<boolean> => (await redis.eval(replaceScript, [key], [expected ?? '', next])) === 1;

/** Points to `next` if it still points to `expected`, to the letter: for all partitions at once. */
export const replaceCurrent = (
  redis: Pick<RedisPort, 'eval'>,
  prefix: string,
  {
    expected,
    next,
  }: { readonly expected: CurrentGeneration | null; readonly next: CurrentGeneration },
): Promise<boolean> =>
  replaceText(redis, currentKey(prefix, next.name), {
    expected: expected === null ? null : JSON.stringify(expected),
    next: JSON.stringify(next),
  });
