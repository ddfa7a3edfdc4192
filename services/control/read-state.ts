import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { installationOf } from '../../lib/config/topic-set.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { parseHeader } from '../../lib/stream/header.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { type ControlState, decodeState, emptyState } from './state.ts';

export interface CommittedState {
  readonly state: ControlState;
  /** Offset of the first command that is not in it. */
  readonly next: number;
}

type Reader = Pick<RedisPort, 'getString' | 'mget'>;

/** What is published, as committed. Null: no control process was ever started here. */
export const readState = async (redis: Reader, prefix: string): Promise<ControlState | null> =>
  (await readCommitted(redis, prefix))?.state ?? null;

/** The same, with where on the log it is of. */
export const readCommitted = async (
  redis: Reader,
  prefix: string,
): Promise<CommittedState | null> => {
  const current = await readCurrent(redis, installationOf(prefix), 'control');
  if (current === null) return null;
  const keys = foldKeys(current);
  const [bytes, header] = await redis.mget([keys.shared(0), keys.header(0)]);
  return {
    state: isThere(bytes) ? decodeState(bytes) : emptyState(),
    next: isThere(header) ? (parseHeader(header).offsets[0] ?? 0) : 0,
  };
};

const isThere = (bytes: Buffer | null | undefined): bytes is Buffer =>
  bytes !== null && bytes !== undefined;
