import { openEncoder } from '../../lib/avro/encoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { runFold } from '../../lib/stream/run-fold.ts';
import { userSides } from '../../models/kinds.ts';
import { type SignalPack, signalPackSchema } from '../../schemas/generated/signal-pack.ts';
import { openFailureMessage } from '../../topics/failure-message.ts';
import { itemSignals } from '../../topics/item-signals.ts';
import { openInteractions } from '../../topics/open-interactions.ts';
import { topicName } from '../../topics/topic.ts';
import { signalsConfig } from './config.ts';
import { type SignalInteraction, signalInteractionSchema, signalsFold } from './topology.ts';

export async function startSignals(context: ServiceContext): Promise<RunningService> {
  const { recentItemsMax, packBytesMax } = signalsConfig();
  const { prefix, partitions, types, userHorizonMs: horizonMs } = context.config;
  const registry = openRegistry(context.config.registry);
  const source = await openInteractions<SignalInteraction>(
    context.config,
    registry,
    signalInteractionSchema,
  );
  const target = topicName(prefix, itemSignals);
  const fold = signalsFold({
    ...source,
    types,
    horizonMs,
    recentItemsMax,
    sides: userSides,
    packing: {
      topic: target,
      partitions,
      encode: await openEncoder<SignalPack>(registry, `${target}-value`, signalPackSchema),
      packBytesMax,
    },
  });
  const failureMessage = await openFailureMessage(registry, { prefix, stage: fold.name });
  return runFold(fold, { context, internalInput: true, failureMessage });
}
