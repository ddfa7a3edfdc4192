import { z } from 'zod';

import { type Environment, parseEnvironment, whole } from '../../lib/config/environment.ts';

const schema = z.object({
  /** Per learning identity and partition; memory is about half as much again. 0: no cache. */
  FRESHET_LEARNING_CACHE_MB: whole(0, 16_384).default(128),
});

export interface LearningConfig {
  readonly cacheBytesMax: number;
}

export function learningConfig(environment: Environment = process.env): LearningConfig {
  const settings = parseEnvironment(schema, environment);
  return Object.freeze({ cacheBytesMax: settings.FRESHET_LEARNING_CACHE_MB * 1024 * 1024 });
}
