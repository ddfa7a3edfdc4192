import { UserError } from '../../lib/errors.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { prefixFor } from '../../topics/sets.ts';

type Start = (context: ServiceContext) => Promise<RunningService>;

/** Loaded only when asked for: a process that runs one service carries no other. */
const services: Readonly<Record<string, () => Promise<Start>>> = {
  control: async () => (await import('../../services/control/main.ts')).startControl,
  ingest: async () => (await import('../../services/ingest/main.ts')).startIngest,
  'user-features': async () =>
    (await import('../../services/user-features/main.ts')).startUserFeatures,
  'seen-items': async () => (await import('../../services/seen-items/main.ts')).startSeenItems,
  signals: async () => (await import('../../services/signals/main.ts')).startSignals,
  learning: async () => (await import('../../services/learning/main.ts')).startLearning,
  candidates: async () => (await import('../../services/candidates/main.ts')).startCandidates,
  weights: async () => (await import('../../services/weights/main.ts')).startWeights,
  external: async () => (await import('../../services/external/main.ts')).startExternal,
  served: async () => (await import('../../services/served/main.ts')).startServed,
  repartition: async () => (await import('../../services/repartition/main.ts')).startRepartition,
  experiments: async () => (await import('../../services/experiments/main.ts')).startExperiments,
  serving: async () => (await import('../../services/serving/main.ts')).startServing,
  metrics: async () => (await import('../../services/metrics/main.ts')).startMetrics,
};

export const serviceNames: readonly string[] = Object.keys(services);

export async function startService(name: string, context: ServiceContext): Promise<RunningService> {
  const load = services[name];
  if (load === undefined) {
    throw new UserError(`there is no service '${name}'; there are: ${serviceNames.join(', ')}`);
  }
  const prefix = prefixFor(context.config.prefix, name);
  return (await load())({ ...context, config: { ...context.config, prefix } });
}
