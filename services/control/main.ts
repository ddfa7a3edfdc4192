import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { openRegistry, type RegistryPort } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { runFold } from '../../lib/stream/run-fold.ts';
import { kinds } from '../../models/kinds.ts';
import { type Command, commandSchema } from '../../schemas/generated/command.ts';
import { type CommandResult, commandResultSchema } from '../../schemas/generated/command-result.ts';
import { type Definition, definitionSchema } from '../../schemas/generated/definition.ts';
import { commands } from '../../topics/commands.ts';
import { openFailureMessage } from '../../topics/failure-message.ts';
import { begin } from './begin.ts';
import { settingsBody } from './change-settings.ts';
import { seenLimits } from './config.ts';
import { judgementNow } from './judgement.ts';
import { startRepairing } from './repairing.ts';
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
    facts: { kinds, seen: { ...seenLimits(config), judgement: judgementNow } },
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
  const { bootstrap } = context;
  const said = await begin(config, { registry, options, bootstrap, onlyFirst: !repairs });
  if (said) context.log.info(settingsBody(options.facts.seen), 'said what commands are judged by');
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
