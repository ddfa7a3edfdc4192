import { openEncoder } from '../../lib/avro/encoder.ts';
import { openRegistry, type RegistryPort } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import type { OutMessage } from '../../lib/kafka/log-record.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { type CurrentGeneration, readCurrent } from '../../lib/stream/current.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { foldIdentity } from '../../lib/stream/memory-driver.ts';
import type { Decoded } from '../../lib/stream/topology.ts';
import type { Verdict } from '../../lib/verdict.ts';
import {
  type ExternalCandidates,
  externalCandidatesSchema,
} from '../../schemas/generated/external-candidates.ts';
import type { FailedEvent } from '../../schemas/generated/failed-event.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { openExternalFold } from '../../services/external/main.ts';
import { ingestConfig } from '../../services/ingest/config.ts';
import { openIngestFold } from '../../services/ingest/main.ts';
import { type Ring, remember, ringCodec } from '../../services/ingest/ring.ts';
import { externalCandidates } from '../../topics/external-candidates.ts';
import { prefixFor } from '../../topics/sets.ts';
import { partitionsFor } from '../../topics/partitions-of.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { userEvents } from '../../topics/user-events.ts';
import { notCurrentSet } from '../data/current-set.ts';
import { openDecoder } from '../data/topic-values.ts';
import type { AnyFold } from '../verify/folds.ts';
import type { Fields } from './fix.ts';

/** Where events of one stage come from, may be sent again, and are judged before. */
export interface Place {
  readonly topic: Topic;
  readonly schema: object;
  readonly current: CurrentGeneration;
  readonly encode: (fields: Fields) => Buffer;
  /** What the stage would say of a record that is appended at that time. */
  readonly judge: (message: OutMessage, appendedAtMs: number) => Promise<Judged>;
  /** Where such a value belongs, of a record that had this key and partition. */
  readonly placed: (value: Buffer | null, from: FailedEvent) => Promise<OutMessage>;
  /** False: an event of this id has counted in this partition, or comes twice now. */
  readonly remember: ((partition: number, eventId: string) => Promise<boolean>) | null;
}

export interface Judged {
  readonly verdict: Verdict;
  /** The event's own id; null: it is refused, or of a kind that has none. */
  readonly eventId: string | null;
}

export const stages = ['ingest', 'external'] as const;

/** Why an event of another stage is not sent again; null: it can be. */
export function whyNot({ stage, topic }: Pick<FailedEvent, 'stage' | 'topic'>): string | null {
  if (stages.some((one) => one === stage)) return null;
  if (stage === 'control')
    return 'a command is not sent again days later: whoever still wants it gives it anew';
  return `${topic} is written by our own services: compare what was deployed, then \`npx freshet rebuild ${stage}\``;
}

interface Tools {
  readonly config: CommonConfig;
  readonly registry: RegistryPort;
  readonly redis: RedisPort;
}

/** Opens places as they are asked for; each with the fold that its service runs. */
export class Desk {
  readonly #tools: Tools;
  readonly #places = new Map<string, Promise<Place>>();

  constructor(config: CommonConfig, redis: RedisPort) {
    this.#tools = { config, redis, registry: openRegistry(config.registry) };
  }

  /** Only of stages that `whyNot` lets through. */
  place(stage: string): Promise<Place> {
    const known = this.#places.get(stage);
    if (known !== undefined) return known;
    const opened = stage === 'ingest' ? ingestPlace(this.#tools) : externalPlace(this.#tools);
    this.#places.set(stage, opened);
    return opened;
  }
}

async function ingestPlace(tools: Tools): Promise<Place> {
  const { config, registry } = tools;
  const name = topicName(config.prefix, userEvents);
  const fold = await openIngestFold(config, registry);
  const current = await currentOf(fold as unknown as AnyFold, tools);
  const rings = new RingsOfIngest(tools, current);
  return {
    topic: userEvents,
    schema: userEventSchema,
    current,
    encode: await encoderOf<UserEvent>(registry, name, userEventSchema),
    judge: judgeBy(fold as unknown as AnyFold, (input) => (input as UserEvent).event_id),
    // Where its first sending was: its id is remembered by partition.
    placed: async (value, { partition, key }) => ({ topic: name, partition, key, value }),
    remember: (partition, eventId) => rings.remember(partition, eventId),
  };
}

async function externalPlace(tools: Tools): Promise<Place> {
  const { config, registry } = tools;
  const name = topicName(config.prefix, externalCandidates);
  const fold = (await openExternalFold(config, registry)) as unknown as AnyFold;
  const partitions = await partitionsFor(config, externalCandidates);
  const decoder = openDecoder<ExternalCandidates>(config, externalCandidates);
  return {
    topic: externalCandidates,
    schema: externalCandidatesSchema,
    current: await currentOf(fold, tools),
    encode: await encoderOf<ExternalCandidates>(registry, name, externalCandidatesSchema),
    judge: judgeBy(fold, () => null),
    placed: async (value, { partition, key }) => {
      await decoder.prepare([value]);
      const decoded = decoder.decode(value);
      if (!decoded.ok) return { topic: name, partition, key, value };
      const { user_id: user } = decoded.value;
      return { topic: name, partition: partitionOf(user, partitions), key: user, value };
    },
    remember: null,
  };
}

const encoderOf = async <T>(
  registry: RegistryPort,
  name: string,
  schema: object,
): Promise<(fields: Fields) => Buffer> =>
  (await openEncoder<T>(registry, `${name}-value`, schema)) as unknown as (
    fields: Fields,
  ) => Buffer;

/** By other settings than the service's own one would promise what does not come. */
async function currentOf(
  fold: AnyFold,
  { config, redis }: Pick<Tools, 'config' | 'redis'>,
): Promise<CurrentGeneration> {
  const otherSet = await notCurrentSet(redis, config);
  if (otherSet !== null) throw new UserError(`${otherSet}: work on failed events with that`);
  const current = await readCurrent(redis, prefixFor(config.prefix, fold.name), fold.name);
  if (current === null)
    throw new UserError(
      `${fold.name} has never run here, so nobody would take a replay: start it first, \`npx freshet run ${fold.name}\``,
    );
  if (foldIdentity(fold, current.partitions).hash === current.hash) return current;
  throw new UserError(
    `${fold.name} folds by other settings than this command has, and so would judge otherwise: run it ` +
      `with the service's settings; if those were changed, first \`npx freshet rebuild ${fold.name}\``,
  );
}

/** What makes the same judgement whatever is at hand: the very function that the service runs. */
export function judgeBy(fold: AnyFold, idOf: (input: unknown) => string | null): Place['judge'] {
  return async ({ topic, partition = 0, key, value, headers = {} }, appendedAtMs) => {
    const record = {
      topic,
      partition,
      offset: 0,
      timestampMs: appendedAtMs,
      key: typeof key === 'string' ? Buffer.from(key) : key,
      value,
      headers: headers as Record<string, Buffer>,
    };
    await fold.input.prepare([record]);
    const decoded: Decoded<unknown> = fold.input.decode(record);
    const unit = 'units' in decoded ? decoded.units[0] : undefined;
    return { verdict: decoded.verdict, eventId: unit === undefined ? null : idOf(unit.input) };
  };
}

/** The ids that ingest has accepted of late, read once per partition and then kept in step. */
class RingsOfIngest {
  readonly #tools: Tools;
  readonly #current: CurrentGeneration;
  readonly #rings = new Map<number, Promise<Ring>>();

  constructor(tools: Tools, current: CurrentGeneration) {
    this.#tools = tools;
    this.#current = current;
  }

  async remember(partition: number, eventId: string): Promise<boolean> {
    let ring = this.#rings.get(partition);
    if (ring === undefined) this.#rings.set(partition, (ring = this.#read(partition)));
    return remember(await ring, eventId);
  }

  async #read(partition: number): Promise<Ring> {
    const codec = ringCodec(ingestConfig().idsMax);
    const [bytes] = await this.#tools.redis.mget([foldKeys(this.#current).shared(partition)]);
    return bytes === null || bytes === undefined ? codec.empty() : codec.decode(bytes);
  }
}
