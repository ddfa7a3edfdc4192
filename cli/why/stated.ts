import type { CommonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import type { Request } from '../../schemas/generated/request.ts';
import { recommendations } from '../../topics/recommendations.ts';
import { requests } from '../../topics/requests.ts';
import { topicName } from '../../topics/topic.ts';
import { openDecoder } from '../data/topic-values.ts';

/** An answer as it was given, and the request behind it as long as that is kept. */
export interface Stated {
  readonly answer: Recommendation;
  /** Null: no longer on its topic, or unreadable; then what it excluded is not known. */
  readonly request: Request | null;
}

export interface RequestSpot {
  readonly partition: number;
  readonly offset: number;
}

/** Whose partition the answer lies in; null: any, since without consent it names nobody. */
const userOf = (request: Request | null): string | null =>
  request?.consent === true ? request.user_id : null;

/** Where an answer's request lies: its id says so. */
export function spotOf(answerId: string): RequestSpot {
  const [, partition, offset] = /^requests-(\d{1,6})-(\d{1,15})$/.exec(answerId) ?? [];
  if (partition === undefined || offset === undefined)
    throw new UserError(
      `'${answerId}' is no answer id: one looks like requests-0-42 (partition and offset of its request)`,
    );
  return { partition: Number(partition), offset: Number(offset) };
}

export async function readStated(config: CommonConfig, answerId: string): Promise<Stated> {
  const request = await readRequest(config, spotOf(answerId));
  const answer = await findAnswer(config, answerId, userOf(request));
  if (answer === null)
    throw new UserError(
      `there is no answer '${answerId}' on the topic recommendations (it is kept for seven days)`,
    );
  return { answer, request };
}

async function readRequest(config: CommonConfig, spot: RequestSpot): Promise<Request | null> {
  const decoder = openDecoder<Request>(config, requests);
  const topic = topicName(config.prefix, requests);
  const range = only(spot.partition, spot.offset, spot.offset + 1);
  for await (const records of readLog({ kafka: config.kafka, topic, ...range })) {
    for (const { offset, value } of records) {
      if (offset !== spot.offset) continue;
      await decoder.prepare([value]);
      const decoded = decoder.decode(value);
      return decoded.ok ? decoded.value : null;
    }
  }
  return null;
}

/** One partition of a log, [from, to); of the others nothing. */
const only = (partition: number, from: number, to: number): { from: number[]; to: number[] } => {
  const none = Array.from({ length: Math.max(1_024, partition + 1) }, () => 0);
  return { from: none.with(partition, from), to: none.with(partition, to) };
};

/** The first with this id. It is looked for by its bytes: to decode all would take far longer. */
async function findAnswer(
  config: CommonConfig,
  answerId: string,
  userId: string | null,
): Promise<Recommendation | null> {
  const decoder = openDecoder<Recommendation>(config, recommendations);
  const topic = topicName(config.prefix, recommendations);
  const wanted = Buffer.from(answerId);
  const range =
    userId === null ? {} : only(partitionOf(userId, config.partitions), 0, Number.MAX_SAFE_INTEGER);
  for await (const records of readLog({ kafka: config.kafka, topic, ...range })) {
    for (const { value } of records) {
      if (value === null || !value.includes(wanted)) continue;
      await decoder.prepare([value]);
      const decoded = decoder.decode(value);
      if (decoded.ok && decoded.value.answer_id === answerId) return decoded.value;
    }
  }
  return null;
}
