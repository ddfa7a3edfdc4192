import { z } from 'zod';

import { partitionsSetting, prefixSetting } from '../../lib/config/common.ts';
import { prefixOfSet } from '../../lib/config/topic-set.ts';
import { type Environment, list, parseEnvironment } from '../../lib/config/environment.ts';

export interface AclConfig {
  /** With the set of internal topics in it, from the second on. */
  readonly prefix: string;
  /** As serving has them: an entry may end in `*`. */
  readonly replyTopics: readonly string[];
}

const schema = z.object({
  FRESHET_PREFIX: prefixSetting,
  FRESHET_PARTITIONS: partitionsSetting.default({ partitions: 4, set: 1 }),
  FRESHET_REPLY_TOPICS: list.default([]),
});

/** Grants are made before there is anything to connect to: no address is asked for. */
export function aclConfig(environment: Environment = process.env): AclConfig {
  const settings = parseEnvironment(schema, environment);
  const prefix = prefixOfSet(settings.FRESHET_PREFIX, settings.FRESHET_PARTITIONS.set);
  return { prefix, replyTopics: settings.FRESHET_REPLY_TOPICS };
}
