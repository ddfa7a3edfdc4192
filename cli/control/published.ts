import type { CommonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import { readState } from '../../services/control/read-state.ts';
import type { ControlState } from '../../services/control/state.ts';

/** What control has published, as it knows it itself. */
export async function readPublished(config: CommonConfig): Promise<ControlState> {
  const redis = await openRedis(config.redis);
  try {
    const state = await readState(redis, config.prefix);
    if (state !== null) return state;
  } finally {
    await redis.close();
  }
  throw new UserError(
    'nothing is published here: control was never started (`npx freshet run control`, then `npx freshet apply`)',
  );
}
