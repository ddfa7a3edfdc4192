import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { openRegistry, type RegistryPort } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { RefusedError } from '../../lib/errors.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { lostState } from '../../lib/stream/claim.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { runFold } from '../../lib/stream/run-fold.ts';
import { kinds } from '../../models/kinds.ts';
import { type Command, commandSchema } from '../../schemas/generated/command.ts';
import { type CommandResult, commandResultSchema } from '../../schemas/generated/command-result.ts';
import { type Definition, definitionSchema } from '../../schemas/generated/definition.ts';
import { commands } from '../../topics/commands.ts';
import { openFailureMessage } from '../../topics/failure-message.ts';
import { seenLimits } from './config.ts';
import { startRepairing } from './repairing.ts';
import { saySettings } from './say-settings.ts';
import { topicsOf } from './topics.ts';
import { controlFold, type ControlFold, type ControlOptions } from './topology.ts';

async function openOptions(config: CommonConfig, registry: RegistryPort): Promise<ControlOptions> {
  const topics = topicsOf(config.prefix);
  const ofDefinitions = (topic: string): Promise<(value: Definition) => Buffer> =>
    openEncoder<Definition>(registry, `${topic}-value`, definitionSchema);
  return {
    topics,
    decoder: new TopicDecoder<Command>({
      registry,
      subject: `${topics.commands}-value`,
      schema: commandSchema,
      valueBytesMax: commands.messageBytesMax,
    }),
    encodeDefinition: {
      models: await ofDefinitions(topics.models),
      contexts: await ofDefinitions(topics.contexts),
      experiments: await ofDefinitions(topics.experiments),
    },
    encodeResult: await openEncoder<CommandResult>(
      registry,
      `${topics.results}-value`,
      commandResultSchema,
    ),
    facts: { kinds, seen: seenLimits(config) },
  };
}

/** The fold as it runs: `freshet verify` folds the log again with the same one. */
export const openControlFold = async (
  config: CommonConfig,
  registry: RegistryPort,
): Promise<ControlFold> => controlFold(await openOptions(config, registry));

/**
 * `repairs`: whether it watches what it has published, too. Several processes may run at once: the
 * compare-and-set lets one of them decide each command. Each joins by itself, under a group of its
 * own: the one before it may be dead and not yet known to be.
 */
export async function startControl(
  context: ServiceContext,
  { repairs = true }: { readonly repairs?: boolean } = {},
): Promise<RunningService> {
  const { config } = context;
  const registry = openRegistry(config.registry);
  const options = await openOptions(config, registry);
  if (!context.bootstrap) await refuseLostState(config, options.topics);
  await saySettings(config, { registry, options, onlyFirst: !repairs });
  const fold = controlFold(options);
  const failureMessage = await openFailureMessage(registry, {
    prefix: config.prefix,
    stage: fold.name,
  });
  const folding = await runFold(fold, {
    context,
    internalInput: false,
    ofAllSets: true,
    failureMessage,
    freshGroup: true,
  });
  if (!repairs) return folding;
  try {
    const repairing = await startRepairing(context, { registry, options });
    return {
      ...folding,
      stop: async () => {
        await folding.stop();
        await repairing.stop();
      },
      healthy: () => folding.healthy() ?? repairing.healthy(),
    };
  } catch (error) {
    await folding.stop();
    throw error;
  }
}

/** A group of its own has no progress to compare with: that something was answered says as much. */
async function refuseLostState(
  config: CommonConfig,
  topics: ControlOptions['topics'],
): Promise<void> {
  const redis = await openRedis(config.redis);
  try {
    if ((await readCurrent(redis, config.prefix, 'control')) !== null) return;
  } finally {
    await redis.close();
  }
  const admin = await openAdmin(config.kafka);
  try {
    const counts = await admin.partitionCounts(Object.values(topics));
    const holds = async (topic: string): Promise<boolean> =>
      counts.has(topic) && (await admin.topicOffsets(topic)).some(({ high }) => high > 0);
    if (await holds(topics.results))
      throw new RefusedError(lostState('control', topics.commands, 0));
    for (const topic of [topics.models, topics.contexts, topics.experiments])
      if (await holds(topic)) throw new RefusedError(notOurs(topic));
  } finally {
    await admin.close();
  }
}

/** Readers would keep the revisions that are there, and pass over those that begin at 1. */
const notOurs = (topic: string): string =>
  `control: ${topic} holds definitions that control has not written (a release before it has, or ` +
  'somebody by hand). Begin under another FRESHET_PREFIX; or stop all services, delete the topics of models, ' +
  'contexts and experiments, run `npx freshet topics apply` and apply the definitions again';
