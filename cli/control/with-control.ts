import type { CommonConfig } from '../../lib/config/common.ts';
import { createLogger } from '../../lib/telemetry/log.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { startControl } from '../../services/control/main.ts';

/**
 * Runs a control plane of its own around `work`: for a first `apply`, before any service runs. One
 * that runs elsewhere does not mind: each command is decided by one of them.
 */
export async function withControl<T>(config: CommonConfig, work: () => Promise<T>): Promise<T> {
  const fatal = Promise.withResolvers<never>();
  fatal.promise.catch(() => undefined);
  const control = await startControl(
    {
      config,
      log: createLogger({ name: 'control', level: 'error' }),
      metrics: createMetrics({ processMetrics: false }),
      bootstrap: false,
      onFatal: fatal.reject,
    },
    { repairs: false },
  );
  try {
    return await Promise.race([work(), fatal.promise]);
  } finally {
    await control.stop();
  }
}
