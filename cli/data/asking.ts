import { randomUUID } from 'node:crypto';

import type { CommonConfig } from '../../lib/config/common.ts';
import { monotonicMs } from '../../lib/clock.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import type { LogRecord } from '../../lib/kafka/log-record.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import { type Request, requestSchema } from '../../schemas/generated/request.ts';
import { recommendations } from '../../topics/recommendations.ts';
import { requests } from '../../topics/requests.ts';
import { topicName } from '../../topics/topic.ts';
import { followFrom } from './follow.ts';
import { openDecoder } from './topic-values.ts';
import { openTopicWriter, partitionsOf } from './topic-writer.ts';

export interface Answer {
  readonly recommendation: Recommendation;
  /** From before the request was sent until its answer was decoded. */
  readonly tookMs: number;
}

/** Sends requests and finds the answers to its own ones on `recommendations`. */
export interface Asker {
  /** Null: no answer in time. */
  ask(request: Request, timeoutMs: number): Promise<Answer | null>;
  close(): Promise<void>;
}

const correlation = 'correlation-id';

export async function openAsker(config: CommonConfig): Promise<Asker> {
  const topic = topicName(config.prefix, recommendations);
  await partitionsOf(config, topic);
  const decoder = openDecoder<Recommendation>(config, recommendations);
  const own = `freshet-${randomUUID()}`;
  const waiting = new Map<string, (recommendation: Recommendation) => void>();
  let broken: Error | null = null;
  let asked = 0;
  const take = async (records: readonly LogRecord[]): Promise<undefined> => {
    const mine = records.filter(({ headers }) => waiting.has(String(headers[correlation])));
    if (mine.length === 0) return;
    await decoder.prepare(mine.map(({ value }) => value));
    for (const { headers, value } of mine) {
      const decoded = decoder.decode(value);
      if (decoded.ok) waiting.get(String(headers[correlation]))?.(decoded.value);
    }
  };
  const following = await followFrom({
    kafka: config.kafka,
    from: new Map([[topic, await endsOf(config, topic)]]),
    maxWaitMs: 20,
    onRecords: take,
    onFatal: (error) => {
      broken = error;
    },
  });
  const writer = await openTopicWriter<Request>(config, { topic: requests, schema: requestSchema });
  await following.joined;
  return {
    ask: async (value, timeoutMs) => {
      if (broken !== null) throw broken;
      const id = `${own}-${(asked += 1)}`;
      const startedMs = monotonicMs();
      const { promise, resolve } = Promise.withResolvers<Recommendation | null>();
      waiting.set(id, resolve);
      const timer = setTimeout(() => resolve(null), timeoutMs);
      try {
        await writer.send([{ key: value.user_id, value, headers: { [correlation]: id } }]);
        const recommendation = await promise;
        if (recommendation === null) return null;
        return { recommendation, tookMs: monotonicMs() - startedMs };
      } finally {
        clearTimeout(timer);
        waiting.delete(id);
      }
    },
    close: async () => {
      await Promise.all([following.stop(), writer.close()]);
    },
  };
}

/** Next offset per partition: what is sent from now on comes at or after these. */
export async function endsOf(config: CommonConfig, topic: string): Promise<number[]> {
  const admin = await openAdmin(config.kafka);
  try {
    const offsets: number[] = [];
    for (const { partition, high } of await admin.topicOffsets(topic)) offsets[partition] = high;
    return offsets;
  } finally {
    await admin.close();
  }
}
