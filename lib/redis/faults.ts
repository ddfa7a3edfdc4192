import { messageOf, RefusedError, RetryableError } from '../errors.ts';

/**
 * Errors that say 'not now': loading, failover, full memory, a slot on the move. Before version 7
 * Redis wraps those that a script meets: `ERR Error running script (...): @user_script:9: -OOM ...`.
 */
const passing =
  /^(?:ERR Error running script .*-)?(LOADING|BUSY|READONLY|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|OOM|NOREPLICAS|MISCONF)\b/;
const denied = /^(NOPERM|NOAUTH|WRONGPASS)\b/;
const redirecting = /^(MOVED|ASK|CROSSSLOT)\b/;

/** What a failed call means for whoever made it: see lib/errors.ts. */
export function redisFault(error: unknown): Error {
  if (error instanceof RefusedError || error instanceof RetryableError) return error;
  const text = messageOf(error);
  if (error instanceof Error && error.name === 'ReplyError' && !passing.test(text)) {
    if (denied.test(text)) return new RefusedError(`Redis: ${text}`);
    if (redirecting.test(text)) return new RefusedError(`Redis: ${text}: ${clusterWanted}`);
    return withoutArguments(error);
  }
  // A cluster's client tells what came last of what it tried again.
  const [, last] = /^Too many Cluster redirections\. Last error: \w+: (.*)/s.exec(text) ?? [];
  if (last?.startsWith('TRYAGAIN') === true) {
    return new RetryableError(`Redis: ${last}: ${slotMoves}`, { cause: error });
  }
  // ioredis means a lost connection, and speaks of retries, of which it makes none.
  if (/max retries per request|^connection is closed/i.test(last ?? text)) {
    const where = 'at FRESHET_REDIS_URL or where `npx freshet status` says';
    return new RetryableError(`Redis does not answer ${where}`, { cause: error });
  }
  return new RetryableError(`Redis: ${last ?? text}`, { cause: error });
}

/** Of a command that it does not know Redis repeats the arguments: keys of users, and their state. */
function withoutArguments(error: Error): Error {
  const said = error.message.replace(/,? with args beginning with:.*$/s, '');
  return said === error.message ? error : new Error(`Redis: ${said}`);
}

const slotMoves =
  'a slot is on the move, and its keys lie on two nodes; it goes on when all have arrived (where ' +
  'nobody moves it any more, `redis-cli --cluster fix` does)';

export const clusterWanted =
  'this is a node of a Redis Cluster, so FRESHET_REDIS_URL must begin with redis+cluster://';

export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw redisFault(error);
  }
}
