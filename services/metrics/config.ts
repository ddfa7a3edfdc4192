import { z } from 'zod';
import { type Environment, parseEnvironment, whole } from '../../lib/config/environment.ts';

export interface MetricsConfig {
  /** Values that one label may have; whatever comes after counts as `other`. */
  readonly labelValuesMax: number;
  /** Pairs of context and model whose expectations are watched at once. */
  readonly watchedMax: number;
}

const schema = z.object({
  FRESHET_METRICS_LABEL_VALUES_MAX: whole(1, 10_000).default(200),
});

export function metricsConfig(environment: Environment = process.env): MetricsConfig {
  const settings = parseEnvironment(schema, environment);
  return Object.freeze({
    labelValuesMax: settings.FRESHET_METRICS_LABEL_VALUES_MAX,
    watchedMax: 1_000,
  });
}
