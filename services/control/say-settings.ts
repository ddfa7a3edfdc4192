import type { RegistryPort } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import { isInForce, settingsBody } from './change-settings.ts';
import { ownCommands } from './own-commands.ts';
import { readState } from './read-state.ts';
import type { ControlOptions } from './topology.ts';

/**
 * Puts the settings of this process on the log where others are in force, before it joins: so they
 * hold for every command that is sent once it is ready, whichever process decides it.
 */
export async function saySettings(
  config: CommonConfig,
  given: {
    readonly registry: RegistryPort;
    readonly options: ControlOptions;
    /** For a command in a shell, whose settings are nobody's: where none are in force yet. */
    readonly onlyFirst: boolean;
  },
): Promise<void> {
  const { registry, options, onlyFirst } = given;
  const { seen } = options.facts;
  const redis = await openRedis(config.redis);
  try {
    const state = await readState(redis, config.prefix);
    if (state !== null && (isInForce(state, seen) || (onlyFirst && state.settings !== null)))
      return;
  } finally {
    await redis.close();
  }
  const clientId = `${config.prefix}.control.settings`;
  const outbox = await openOutbox({ ...config.kafka, clientId });
  try {
    const own = await ownCommands(outbox, { registry, topic: options.topics.commands });
    await own.send('settings.change', settingsBody(seen));
  } finally {
    await outbox.close();
  }
}
