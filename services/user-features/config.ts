import { z } from 'zod';

import { type Environment, parseEnvironment, whole } from '../../lib/config/environment.ts';
import type { FeatureLimits } from './user-features.ts';

const schema = z.object({
  FRESHET_RECENT_ITEMS_MAX: whole(1, 255).default(100),
  FRESHET_COUNTS_HALF_LIFE_DAYS: whole(1, 3_650).default(30),
  FRESHET_SESSION_GAP_MINUTES: whole(1, 1_440).default(30),
});

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** Part of the fold's identity: another value is another state, folded from the log. */
export function userFeaturesConfig(environment: Environment = process.env): FeatureLimits {
  const settings = parseEnvironment(schema, environment);
  return Object.freeze({
    recentsMax: settings.FRESHET_RECENT_ITEMS_MAX,
    halfLifeMs: settings.FRESHET_COUNTS_HALF_LIFE_DAYS * dayMs,
    sessionGapMs: settings.FRESHET_SESSION_GAP_MINUTES * minuteMs,
  });
}
