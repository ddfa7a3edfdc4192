import { z } from 'zod';

import { seenAgeDays } from '../../lib/config/common.ts';
import { type Environment, parseEnvironment, whole } from '../../lib/config/environment.ts';
import type { SeenLimits } from './seen-items.ts';

const schema = z.object({
  /** A value is written whole, so 10,000 items would be 160 KB per event. */
  FRESHET_SEEN_ITEMS_MAX: whole(1, 10_000).default(2_000),
  FRESHET_SEEN_AGE_DAYS: seenAgeDays,
});

const dayMs = 86_400_000;

/** Part of the fold's identity: another value is another state, folded from the log. */
export function seenItemsConfig(environment: Environment = process.env): SeenLimits {
  const settings = parseEnvironment(schema, environment);
  return Object.freeze({
    itemsMax: settings.FRESHET_SEEN_ITEMS_MAX,
    ageMsMax: settings.FRESHET_SEEN_AGE_DAYS * dayMs,
  });
}
