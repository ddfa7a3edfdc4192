import { z } from 'zod';

import { type Environment, parseEnvironment, whole } from '../../lib/config/environment.ts';
import { readStateFile } from '../../lib/config/state-file.ts';

const schema = z.object({
  /** Part of the fold's identity: another value is another state, folded from the logs. */
  FRESHET_EXPERIMENTS_LATENESS_MS: whole(0, 86_400_000).default(300_000),
  /** How often figures are looked at, for guardrails and metrics. */
  FRESHET_EXPERIMENTS_LOOK_MS: whole(100, 3_600_000).default(10_000),
});

export interface ExperimentsConfig {
  readonly latenessMs: number;
  readonly lookMs: number;
}

/** From the environment, and what it does not say from the running stack's state file. */
export function experimentsConfig(environment: Environment = process.env): ExperimentsConfig {
  const stack = readStateFile(environment['FRESHET_STATE_FILE'])?.settings;
  const settings = parseEnvironment(schema, { ...stack, ...environment });
  return Object.freeze({
    latenessMs: settings.FRESHET_EXPERIMENTS_LATENESS_MS,
    lookMs: settings.FRESHET_EXPERIMENTS_LOOK_MS,
  });
}
