import { createHash, randomBytes, randomUUID } from 'node:crypto';

import { openEncoder } from '../../lib/avro/encoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import { now } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { prefixOfSet } from '../../lib/config/topic-set.ts';
import { messageOf, UserError } from '../../lib/errors.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import { openRedis, type RedisPort } from '../../lib/redis/redis-port.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { redisStore } from '../../lib/stream/store.ts';
import { readTopicSets, setsThere } from '../../lib/stream/topic-sets.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { plainEvent } from '../../schemas/plain-event.ts';
import { forgetType } from '../../topics/reserved-types.ts';
import { topicName } from '../../topics/topic.ts';
import { userEvents } from '../../topics/user-events.ts';
import { acceptedOrThrow, sendCommands } from '../control/client.ts';
import { notCurrentSet } from '../data/current-set.ts';
import { partitionsOf } from '../data/topic-writer.ts';
import { keysNaming, type NamedKey } from './named-keys.ts';
import { type Receipt, removedBy } from './receipt.ts';
import { failedNaming, topicsLeft } from './topics-left.ts';
import { untilForgotten } from './waiting.ts';

export interface ForgetOptions {
  readonly config: CommonConfig;
  readonly userId: string;
  readonly timeoutMs: number;
  readonly sentBy: string;
  /** Whether it is noted in control's history. */
  readonly records: boolean;
  readonly say: (line: string) => void;
}

const idBytesMax = 128;

/**
 * Says on the log that a user is to be forgotten, waits until every service is past it, and looks
 * whether anything is left. Repeated it says so again, which changes nothing.
 */
export async function forgetUser(options: ForgetOptions): Promise<Receipt> {
  const { config, userId, say } = options;
  if (userId === '' || Buffer.byteLength(userId) > idBytesMax || /\p{Cc}/u.test(userId))
    throw new UserError(`a user has an id of 1 to ${idBytesMax} bytes without control characters`);
  const redis = await openRedis(config.redis);
  const admin = await openAdmin(config.kafka);
  try {
    const otherSet = await notCurrentSet(redis, config);
    if (otherSet !== null) throw new UserError(`nothing was sent: ${otherSet}: forget with that`);
    say('looking for what names the user');
    const before = await keysNaming(redis, config, userId);
    const eventId = `forget-${randomUUID()}`;
    await sendForget(config, userId, eventId);
    say('waiting for the services');
    await untilForgotten({ ...options, admin, redis });
    await sweepLists(redis, options);
    say('looking for what is left');
    const left = await keysNaming(redis, config, userId);
    const salt = randomBytes(16).toString('hex');
    const receipt: Receipt = {
      user_hash: createHash('sha256').update(salt).update(userId).digest('hex'),
      salt,
      event_id: eventId,
      forgotten_at: new Date(now()).toISOString(),
      removed: removedBy(before, left),
      left: left.map(({ fold, state, key }) => ({ fold, state, key: keyWithout(key, userId) })),
      topics: await topicsLeft(admin, await prefixesThere(redis, config.prefix)),
      failed_events: await failedNaming(config, userId),
      recorded: null,
    };
    return options.records ? { ...receipt, recorded: await record(receipt, options) } : receipt;
  } finally {
    await admin.close();
    await redis.close();
  }
}

const prefixesThere = async (redis: RedisPort, prefix: string): Promise<string[]> => [
  prefix,
  ...setsThere(await readTopicSets(redis, prefix)).map((set) => prefixOfSet(prefix, set)),
];

/** The id itself is in no receipt. */
const keyWithout = (key: string, userId: string): string => `${key.slice(0, -userId.length)}<user>`;

/** To every partition: only there does it lie behind all that a producer has said of the user. */
async function sendForget(config: CommonConfig, userId: string, eventId: string): Promise<void> {
  const topic = topicName(config.prefix, userEvents);
  const partitions = await partitionsOf(config, topic);
  const registry = openRegistry(config.registry);
  const encode = await openEncoder<UserEvent>(registry, `${topic}-value`, userEventSchema);
  const event = plainEvent({ eventId, userId, itemId: '', type: forgetType, atMs: now() });
  const outbox = await openOutbox(config.kafka);
  try {
    const value = encode(event);
    await outbox.send(
      Array.from({ length: partitions }, (_, partition) => ({
        topic,
        partition,
        key: userId,
        value,
      })),
    );
  } finally {
    await outbox.close();
  }
}

const triesMax = 20;

/**
 * Lists of versions that `candidates` knows nothing of any more: no fold's rows, so whoever compares
 * the header of their partition may delete them, as a sweep does.
 */
async function sweepLists(
  redis: RedisPort,
  { config, userId }: Pick<ForgetOptions, 'config' | 'userId'>,
): Promise<void> {
  const current = await readCurrent(redis, config.prefix, 'candidates');
  if (current === null) return;
  const isList = ({ fold, state }: NamedKey): boolean =>
    fold === current.name && state === 'current';
  const store = redisStore(redis);
  for (let tries = 0; tries < triesMax; tries += 1) {
    const keys = (await keysNaming(redis, config, userId)).filter(isList).map(({ key }) => key);
    if (keys.length === 0) return;
    const headers = Array.from({ length: current.partitions }, (_, at) =>
      foldKeys(current).header(at),
    );
    const tag = keys[0]?.slice(0, 4) ?? '';
    const headerKey = headers.find((key) => key.startsWith(tag));
    if (headerKey === undefined) return;
    const [header = null] = await store.load([headerKey]);
    const expected = header?.toString() ?? null;
    const own = keys.filter((key) => key.startsWith(tag));
    await store.remove({ headerKey, expected, keys: own });
  }
}

/** Null: no control has answered. */
async function record(
  { user_hash: user, event_id: event, removed, left }: Receipt,
  { config, sentBy, say }: ForgetOptions,
): Promise<string | null> {
  const body = {
    user,
    event,
    removed: removed.map(({ fold, keys, bytes }) => ({ fold, keys, bytes })),
    left: left.length,
  };
  try {
    const [result] = await sendCommands(config, [{ kind: 'user.forgotten', body, id: event }], {
      sentBy,
      timeoutMs: 15_000,
    });
    return result === undefined ? null : acceptedOrThrow(result).command_id;
  } catch (error) {
    say(`it is not in the history: ${messageOf(error)}`);
    return null;
  }
}
