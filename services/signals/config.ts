import { z } from 'zod';

import { type Environment, parseEnvironment, whole } from '../../lib/config/environment.ts';

const schema = z.object({
  /** Every visit is paired with all of them, both ways. */
  FRESHET_PAIRED_ITEMS_MAX: whole(1, 50).default(10),
  FRESHET_SIGNAL_PACK_BYTES_MAX: whole(1_024, 524_288).default(262_144),
});

export interface SignalsConfig {
  /** Part of the fold's identity: another value is another state, folded from the log. */
  readonly recentItemsMax: number;
  readonly packBytesMax: number;
}

export function signalsConfig(environment: Environment = process.env): SignalsConfig {
  const settings = parseEnvironment(schema, environment);
  return Object.freeze({
    recentItemsMax: settings.FRESHET_PAIRED_ITEMS_MAX,
    packBytesMax: settings.FRESHET_SIGNAL_PACK_BYTES_MAX,
  });
}
