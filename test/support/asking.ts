import { plainRequest } from '../../schemas/plain-request.ts';
import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import type { LogRecord, OutMessage } from '../../lib/kafka/log-record.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { followTable } from '../../lib/kafka/table.ts';
import { type Exposure, exposureSchema } from '../../schemas/generated/exposure.ts';
import {
  type Recommendation,
  recommendationSchema,
} from '../../schemas/generated/recommendation.ts';
import { type Request, requestSchema } from '../../schemas/generated/request.ts';
import { exposures } from '../../topics/exposures.ts';
import { recommendations } from '../../topics/recommendations.ts';
import { requests } from '../../topics/requests.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import type { Pipeline } from './pipeline.ts';

type Headers = NonNullable<OutMessage['headers']>;

/** An answer as whoever asked gets it: the record, and what is in it. */
export interface Got {
  readonly record: LogRecord;
  readonly answer: Recommendation;
}

/** Asks as an application does, and keeps every record of the topics that answers come on. */
export interface Asking {
  /** Sends to `requests`, and does not wait. */
  send(asked: readonly Asked[]): Promise<void>;
  /** Sends one request with a correlation id of its own, and awaits its first answer. */
  ask(asked: Partial<Request>, headers?: Headers): Promise<Got>;
  /** The first answer with this correlation id on this topic (default: recommendations). */
  answerTo(correlation: string | Buffer, topic?: string): Promise<Got>;
  /** All answers so far, by correlation id (as latin1), those of repeated requests included. */
  answers(): ReadonlyMap<string, readonly Got[]>;
  /** Resolves as soon as `there` holds; looked at whenever a record arrives. */
  until(there: () => boolean): Promise<void>;
  /** What a topic holds now, decoded. */
  allAnswers(): Promise<Recommendation[]>;
  allExposures(): Promise<Exposure[]>;
  close(): Promise<void>;
}

export interface Asked {
  readonly request: Partial<Request>;
  readonly headers?: Headers;
  /** Instead of the encoded request. */
  readonly raw?: Buffer | null;
}

const valueBytesMax = 2 ** 20;
const correlationNames = ['kafka_correlationId', 'correlation-id'] as const;

const correlationOf = ({ headers }: LogRecord): string => {
  const name = correlationNames.find((one) => headers[one] !== undefined);
  return name === undefined ? '' : (headers[name]?.toString('latin1') ?? '');
};

const text = (correlation: string | Buffer): string =>
  typeof correlation === 'string' ? correlation : correlation.toString('latin1');

export async function openAsking(
  pipeline: Pipeline,
  replyTopics: readonly string[] = [],
): Promise<Asking> {
  const { config, registry } = pipeline.bed;
  const name = (topic: Topic): string => topicName(config.prefix, topic);
  const decoder = decoderOf<Recommendation>(pipeline, recommendations, recommendationSchema);
  const encode = await openEncoder<Request>(registry, `${name(requests)}-value`, requestSchema);
  const got: Got[] = [];
  const waiting = new Set<() => void>();
  const take = async (record: LogRecord): Promise<void> => {
    await decoder.prepare([record.value]);
    const decoded = decoder.decode(record.value);
    if (!decoded.ok) throw new Error(`an answer cannot be decoded: ${decoded.reason}`);
    got.push({ record, answer: decoded.value });
    for (const look of waiting) look();
  };
  let failed: unknown = null;
  let taking = Promise.resolve();
  const table = await followTable({
    kafka: config.kafka,
    topics: [name(recommendations), ...replyTopics],
    onRecord: (record) => {
      taking = taking.then(() => take(record)).catch((error: unknown) => void (failed = error));
    },
    onFatal: (error) => void (failed = error),
  });
  await table.ready;
  const until = async (there: () => boolean): Promise<void> => {
    while (!there()) {
      if (failed !== null) throw failed as Error;
      const arrived = Promise.withResolvers<void>();
      waiting.add(arrived.resolve);
      await arrived.promise;
      waiting.delete(arrived.resolve);
    }
  };
  const answerTo: Asking['answerTo'] = async (correlation, topic = name(recommendations)) => {
    const find = (): Got | undefined =>
      got.find(
        ({ record }) => record.topic === topic && correlationOf(record) === text(correlation),
      );
    await until(() => find() !== undefined);
    return find() as Got;
  };
  const send: Asking['send'] = (asked) =>
    pipeline.publishRaw(
      asked.map(({ request, headers, raw }): OutMessage => {
        const whole = requestOf(request);
        const value = raw === undefined ? encode(whole) : raw;
        return {
          topic: name(requests),
          key: whole.user_id,
          value,
          ...(headers === undefined ? {} : { headers }),
        };
      }),
    );
  let asked = 0;
  return {
    send,
    ask: async (request, headers = {}) => {
      asked += 1;
      const correlation = `asked-${asked}`;
      await send([{ request, headers: { ...headers, 'correlation-id': correlation } }]);
      return answerTo(correlation);
    },
    answerTo,
    until,
    answers: () =>
      Map.groupBy(
        got.filter(({ record }) => record.topic === name(recommendations)),
        ({ record }) => correlationOf(record),
      ),
    allAnswers: () => valuesOf(pipeline, recommendations, recommendationSchema),
    allExposures: () => valuesOf(pipeline, exposures, exposureSchema),
    close: () => table.stop(),
  };
}

const requestOf = (request: Partial<Request>): Request => ({
  ...plainRequest('ann', 'home-feed'),
  ...request,
});

const decoderOf = <T>({ bed }: Pipeline, topic: Topic, schema: object): TopicDecoder<T> =>
  new TopicDecoder<T>({
    registry: bed.registry,
    subject: `${topicName(bed.config.prefix, topic)}-value`,
    schema,
    valueBytesMax,
  });

async function valuesOf<T>(pipeline: Pipeline, topic: Topic, schema: object): Promise<T[]> {
  const { config } = pipeline.bed;
  const decoder = decoderOf<T>(pipeline, topic, schema);
  const values: T[] = [];
  for await (const records of readLog({
    kafka: config.kafka,
    topic: topicName(config.prefix, topic),
  })) {
    await decoder.prepare(records.map(({ value }) => value));
    for (const { value } of records) {
      const decoded = decoder.decode(value);
      if (!decoded.ok) throw new Error(`${topic.thing}: ${decoded.reason}`);
      values.push(decoded.value);
    }
  }
  return values;
}
