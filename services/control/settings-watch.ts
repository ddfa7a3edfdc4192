import type { RedisPort } from '../../lib/redis/redis-port.ts';
import type { ServiceContext } from '../../lib/service.ts';
import { isInForce, settingsBody } from './change-settings.ts';
import type { ControlSettings } from './outcome.ts';
import { readState } from './read-state.ts';

/**
 * A look at what commands are judged by: told in the log where that is no longer what this process
 * was started under, once each time it changes. Nothing else shows that its own settings count for
 * nothing.
 */
export function settingsWatch(
  { config, log }: Pick<ServiceContext, 'config' | 'log'>,
  {
    redis,
    limits,
  }: { readonly redis: Pick<RedisPort, 'getString' | 'mget'>; limits: ControlSettings },
): () => Promise<void> {
  let told = '';
  return async () => {
    const state = await readState(redis, config.prefix);
    if (state === null || state.settings === null) return;
    const inForce = JSON.stringify(settingsBody(state.settings));
    if (isInForce(state, limits)) told = '';
    else if (told !== inForce) {
      told = inForce;
      log.warn(
        { inForce: settingsBody(state.settings), own: settingsBody(limits) },
        'commands are judged by other settings than those of this process: the control that started last ' +
          'said so; start this one again under the settings that are meant, and all others, too',
      );
    }
  };
}
