import { z } from 'zod';

import { prefixSetting } from '../../lib/config/common.ts';
import { type Environment, list, parseEnvironment } from '../../lib/config/environment.ts';

export interface AclConfig {
  readonly prefix: string;
  /** As serving has them: an entry may end in `*`. */
  readonly replyTopics: readonly string[];
}

const schema = z.object({
  FRESHET_PREFIX: prefixSetting,
  FRESHET_REPLY_TOPICS: list.default([]),
});

/** Grants are made before there is anything to connect to: no address is asked for. */
export function aclConfig(environment: Environment = process.env): AclConfig {
  const settings = parseEnvironment(schema, environment);
  return { prefix: settings.FRESHET_PREFIX, replyTopics: settings.FRESHET_REPLY_TOPICS };
}
