import { openRegistry } from '../../lib/avro/registry.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { runFold } from '../../lib/stream/run-fold.ts';
import { openFailureMessage } from '../../topics/failure-message.ts';
import { interactionFields } from '../../topics/interactions-input.ts';
import { openInteractions } from '../../topics/open-interactions.ts';
import { experimentsConfig } from './config.ts';
import { startWatcher, type Watcher } from './watcher.ts';
import { openExperimentsFold } from './open-fold.ts';
import { type OutcomeInteraction, outcomeFields } from './topology.ts';

export async function startExperiments(context: ServiceContext): Promise<RunningService> {
  const config = experimentsConfig();
  const registry = openRegistry(context.config.registry);
  const schema = interactionFields(outcomeFields);
  const { lineage } = await openInteractions<OutcomeInteraction>(context.config, registry, schema);
  const fold = openExperimentsFold(context.config, registry, lineage);
  const { prefix } = context.config;
  const failureMessage = await openFailureMessage(registry, { prefix, stage: fold.name });
  const folding = await runFold(fold, { context, internalInput: true, failureMessage });
  try {
    const watcher = await startWatcher(context, config, () => folding.owns(0));
    return together(folding, watcher);
  } catch (error) {
    await folding.stop();
    throw error;
  }
}

function together(folding: RunningService, watcher: Watcher): RunningService {
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    await watcher.stop();
    await folding.stop();
  };
  return {
    name: folding.name,
    stop: () => (stopping ??= stop()),
    healthy: () => folding.healthy() ?? watcher.healthy(),
    ready: folding.ready,
  };
}
