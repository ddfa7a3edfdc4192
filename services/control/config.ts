import { z } from 'zod';

import { type CommonConfig, seenAgeDays } from '../../lib/config/common.ts';
import { type Environment, parseEnvironment } from '../../lib/config/environment.ts';
import type { SeenLimits } from '../../models/rules.ts';

const schema = z.object({ FRESHET_SEEN_AGE_DAYS: seenAgeDays });
const dayMs = 86_400_000;

/** What contexts may ask for: what the services of this installation keep. */
export function seenLimits(
  config: Pick<CommonConfig, 'types' | 'userHorizonMs' | 'profileAttributes' | 'servedAnswersMax'>,
  environment: Environment = process.env,
): SeenLimits {
  const { types, userHorizonMs, profileAttributes, servedAnswersMax } = config;
  const { FRESHET_SEEN_AGE_DAYS: days } = parseEnvironment(schema, environment);
  // Users who stay away for the horizon are forgotten with all that they have seen.
  const daysMax = Math.min(days, Math.floor(userHorizonMs / dayMs));
  return { daysMax, kinds: types, profileAttributes, servedAnswersMax };
}
