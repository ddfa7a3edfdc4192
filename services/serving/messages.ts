import { partitionOf } from '../../lib/kafka/partitioner.ts';
import type { OutMessage } from '../../lib/stream/topology.ts';
import type { Exposure } from '../../schemas/generated/exposure.ts';
import type { MetricEvent } from '../../schemas/generated/metric-event.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import { ruleMetrics } from './effects.ts';
import {
  answerMetric,
  type AnsweredRequest,
  exposure,
  recommendation,
  refusal,
  refusalMetrics,
} from './outputs.ts';
import type { Refused } from './request.ts';
import type { Reply } from './reply.ts';

type Encode<T> = (value: T) => Buffer;

/** How answers become records: topics, encoders, and the partitions of user-keyed topics. */
export interface Messages {
  readonly topics: {
    readonly recommendations: string;
    readonly exposures: string;
    readonly metricEvents: string;
  };
  readonly encode: {
    readonly recommendation: Encode<Recommendation>;
    readonly exposure: Encode<Exposure>;
    readonly metricEvent: Encode<MetricEvent>;
  };
  readonly partitions: { readonly recommendations: number; readonly exposures: number };
  /** How positions name who emitted: readers of exposures deduplicate by it. */
  readonly lineage: string;
}

export interface ToSend {
  readonly own: readonly OutMessage[];
  readonly foreign: readonly OutMessage[];
  /** Replies that were asked for to topics that are not on the allow-list. */
  readonly refusedReplies: number;
}

/**
 * Everything that a batch sends: answers and exposures in ascending order of the requests'
 * positions, then metric events. Pure but for the encoders' buffers.
 */
export const messagesOf = (
  done: { readonly answered: readonly AnsweredRequest[]; readonly refused: readonly Refused[] },
  how: Messages,
  given: { readonly atMs: number; readonly allowed: (topic: string) => boolean },
): ToSend => {
  const own: OutMessage[] = [];
  const foreign: OutMessage[] = [];
  let refusedReplies = 0;
  for (const { reply, value, answered } of inOrder(done, given.atMs)) {
    const isNobodys = value.user_id === '';
    const record = {
      key: isNobodys ? null : value.user_id,
      value: how.encode.recommendation(value),
      headers: reply.headers,
    };
    own.push({
      topic: how.topics.recommendations,
      // Answers to nobody go everywhere: one partition would not do for all of them.
      partition: isNobodys
        ? value.request_offset % how.partitions.recommendations
        : partitionOf(value.user_id, how.partitions.recommendations),
      ...record,
    });
    const shown = answered === null ? null : exposure(answered, how.lineage);
    if (shown !== null) own.push(exposureMessage(shown, how));
    if (reply.topic === null || reply.topic === how.topics.recommendations) continue;
    if (given.allowed(reply.topic)) foreign.push(replyMessage(reply.topic, reply, record));
    else refusedReplies += 1;
  }
  own.push(...metricMessages(done, how, given.atMs));
  return { own, foreign, refusedReplies };
};

interface InOrder {
  readonly reply: Reply;
  readonly value: Recommendation;
  readonly answered: AnsweredRequest | null;
  readonly offset: number;
}

const inOrder = (
  done: { readonly answered: readonly AnsweredRequest[]; readonly refused: readonly Refused[] },
  atMs: number,
): InOrder[] =>
  [
    ...done.answered.map((answered) => ({
      reply: answered.accepted.reply,
      value: recommendation(answered),
      answered,
      offset: answered.accepted.record.offset,
    })),
    ...done.refused.map((refused) => ({
      reply: refused.reply,
      value: refusal(refused, atMs),
      answered: null,
      offset: refused.record.offset,
    })),
  ].toSorted((a, b) => a.offset - b.offset);

const exposureMessage = (value: Exposure, how: Messages): OutMessage => ({
  topic: how.topics.exposures,
  partition: partitionOf(value.user_id, how.partitions.exposures),
  key: value.user_id,
  value: how.encode.exposure(value),
});

const replyMessage = (
  topic: string,
  { partition }: Reply,
  record: Omit<OutMessage, 'topic' | 'partition'>,
): OutMessage => ({ topic, ...record, ...(partition === null ? {} : { partition }) });

const metricMessages = (
  done: { readonly answered: readonly AnsweredRequest[]; readonly refused: readonly Refused[] },
  how: Messages,
  atMs: number,
): OutMessage[] =>
  [
    ...done.answered.map(answerMetric),
    ...ruleMetrics(done.answered, atMs),
    ...refusalMetrics(done.refused, atMs),
  ].map((event) => ({
    topic: how.topics.metricEvents,
    key: null,
    value: how.encode.metricEvent(event),
  }));
