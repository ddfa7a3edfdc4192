import { openRegistry } from '../../lib/avro/registry.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { runFold } from '../../lib/stream/run-fold.ts';
import { openFailureMessage } from '../../topics/failure-message.ts';
import { openInteractions } from '../../topics/open-interactions.ts';
import { userFeaturesConfig } from './config.ts';
import { userFeaturesFold } from './topology.ts';

export async function startUserFeatures(context: ServiceContext): Promise<RunningService> {
  const limits = userFeaturesConfig();
  const { prefix, types, userHorizonMs: horizonMs, profileAttributes } = context.config;
  const registry = openRegistry(context.config.registry);
  const source = await openInteractions(context.config, registry);
  const fold = userFeaturesFold({
    ...source,
    types,
    limits,
    horizonMs,
    attributes: profileAttributes,
  });
  const failureMessage = await openFailureMessage(registry, { prefix, stage: fold.name });
  return runFold(fold, { context, internalInput: true, failureMessage });
}
