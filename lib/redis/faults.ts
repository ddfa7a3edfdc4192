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
  // ioredis means a lost connection, and speaks of retries, of which it makes none.
  if (/max retries per request/i.test(text)) {
    const where = 'at FRESHET_REDIS_URL or where `npx freshet status` says';
    return new RetryableError(`Redis does not answer ${where}`, { cause: error });
  }
  return new RetryableError(`Redis: ${text}`, { cause: error });
}

/** Of a command that it does not know Redis repeats the arguments: keys of users, and their state. */
function withoutArguments(error: Error): Error {
  const said = error.message.replace(/,? with args beginning with:.*$/s, '');
  return said === error.message ? error : new Error(`Redis: ${said}`);
}

export const clusterWanted =
  'this is a node of a Redis Cluster, so FRESHET_REDIS_URL must begin with redis+cluster://';

export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw redisFault(error);
  }
}
