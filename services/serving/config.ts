import { readFileSync } from 'node:fs';
import { z } from 'zod';

import { messageOf, UserError } from '../../lib/errors.ts';
import { type Environment, list, parseEnvironment, whole } from '../../lib/config/environment.ts';

import type { ReadBounds } from '../../retrieval/learned-reads.ts';

export interface ServingConfig {
  /** Topics that answers may be sent to beside `recommendations`; an entry may end in `*`. */
  readonly replyTopics: readonly string[];
  /** A request with more than this many after it in its partition is answered `overloaded`. */
  readonly backlogMax: number;
  /** For how long a request may wait behind others, by what answers cost just now. */
  readonly waitMsMax: number;
  /** Requests that are answered together. */
  readonly sliceMax: number;
  /** A larger value is `invalid` without being looked at. */
  readonly requestBytesMax: number;
  /** Bytes fetched per partition at once: bounds a batch. */
  readonly fetchBytesMax: number;
  /** How long a fetch may wait for the first request; it returns with the first. */
  readonly fetchMsMax: number;
  /** How long an answer to a foreign topic may take. */
  readonly replyMsMax: number;
  /** Failures in a row before a foreign topic is left alone, and for how long. */
  readonly replyFailuresMax: number;
  readonly replyOpenMs: number;
  /** How old a ranking in memory may be. */
  readonly rankingAgeMsMax: number;
  /** What is read for sessions. */
  readonly reads: ReadBounds;
  /** Signs page tokens; null: the installation's prefix does, which is no secret. */
  readonly pageTokenKey: string | null;
  /** How often the pointers to current generations are read. */
  readonly pointersMs: number;
}

const keyCharsMin = 16;
const keyFault = `takes at least ${keyCharsMin} characters`;

const schema = z.object({
  FRESHET_REPLY_TOPICS: list.default([]),
  FRESHET_SERVING_BACKLOG_MAX: whole(1, 1_000_000).default(5_000),
  FRESHET_SERVING_WAIT_MS_MAX: whole(10, 600_000).default(2_000),
  FRESHET_SERVING_REQUEST_BYTES_MAX: whole(256, 262_144).default(65_536),
  FRESHET_SERVING_FETCH_BYTES_MAX: whole(16_384, 8_388_608).default(262_144),
  FRESHET_SERVING_FETCH_MS_MAX: whole(1, 5_000).default(250),
  FRESHET_SERVING_REPLY_MS_MAX: whole(100, 60_000).default(2_000),
  FRESHET_PAGE_TOKEN_KEY: z.string().min(keyCharsMin, keyFault).optional(),
  FRESHET_PAGE_TOKEN_KEY_FILE: z.string().optional(),
});

export function servingConfig(environment: Environment = process.env): ServingConfig {
  const settings = parseEnvironment(schema, environment);
  return Object.freeze({
    replyTopics: settings.FRESHET_REPLY_TOPICS,
    backlogMax: settings.FRESHET_SERVING_BACKLOG_MAX,
    waitMsMax: settings.FRESHET_SERVING_WAIT_MS_MAX,
    sliceMax: 128,
    requestBytesMax: settings.FRESHET_SERVING_REQUEST_BYTES_MAX,
    fetchBytesMax: settings.FRESHET_SERVING_FETCH_BYTES_MAX,
    fetchMsMax: settings.FRESHET_SERVING_FETCH_MS_MAX,
    replyMsMax: settings.FRESHET_SERVING_REPLY_MS_MAX,
    replyFailuresMax: 3,
    replyOpenMs: 10_000,
    rankingAgeMsMax: 1_000,
    reads: {
      rowsBytesMax: 64 * 1024 * 1024,
      figuresAgeMsMax: 5_000,
      figuresMax: 200_000,
      rankingAgeMsMax: 1_000,
    },
    pageTokenKey: keyOf(settings),
    pointersMs: 1_000,
  });
}

function keyOf(settings: z.infer<typeof schema>): string | null {
  const { FRESHET_PAGE_TOKEN_KEY: given, FRESHET_PAGE_TOKEN_KEY_FILE: file } = settings;
  if (given !== undefined && file !== undefined)
    throw new UserError(
      'FRESHET_PAGE_TOKEN_KEY and FRESHET_PAGE_TOKEN_KEY_FILE are both set: leave one out',
    );
  if (file === undefined) return given ?? null;
  let key: string;
  try {
    key = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UserError(`FRESHET_PAGE_TOKEN_KEY_FILE cannot be read: ${messageOf(error)}`);
  }
  if (key.length >= keyCharsMin) return key;
  throw new UserError(`FRESHET_PAGE_TOKEN_KEY_FILE: the key in it ${keyFault}`);
}
