import type { CommonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import { readState } from '../../services/control/read-state.ts';
import type { ControlState } from '../../services/control/state.ts';
import { hasAnswered } from '../data/lost-state.ts';

/** What control has published, as it knows it itself. */
export async function readPublished(config: CommonConfig): Promise<ControlState> {
  const redis = await openRedis(config.redis);
  try {
    const state = await readState(redis, config.prefix);
    if (state !== null) return state;
  } finally {
    await redis.close();
  }
  throw new UserError((await isLost(config)) ? lost : neverStarted);
}

const neverStarted =
  'nothing is published here: control was never started (`npx freshet run control`, then `npx freshet apply`)';
const lost =
  'Redis has lost what control has decided; its readers go on with what it has published. Fold it again from ' +
  'its log: `npx freshet rebuild control`';

async function isLost(config: CommonConfig): Promise<boolean> {
  const admin = await openAdmin(config.kafka);
  try {
    return await hasAnswered(admin, config.prefix);
  } finally {
    await admin.close();
  }
}
