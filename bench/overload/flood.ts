import { setTimeout as pause } from 'node:timers/promises';

import { openEncoder } from '../../lib/avro/encoder.ts';
import { monotonicMs, now } from '../../lib/clock.ts';
import type { OutMessage } from '../../lib/kafka/log-record.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { type Request, requestSchema } from '../../schemas/generated/request.ts';
import { requests } from '../../topics/requests.ts';
import { topicName } from '../../topics/topic.ts';
import type { Bed } from '../bed.ts';
import { randomOf } from '../micro/synthetic.ts';

export interface FloodOptions {
  readonly seconds: number;
  readonly perSecond: number;
  readonly users: readonly string[];
  /** Part of the requests that one user makes. */
  readonly hotShare: number;
  /** For every fourth request; null: none has one. */
  readonly deadlineMs: number | null;
}

const tickMs = 20;

/** Sends requests at a rate that nobody need be able to answer; returns how many, and how fast. */
export async function flood(
  bed: Bed,
  options: FloodOptions,
): Promise<{ readonly sent: number; readonly perSecond: number }> {
  const { prefix, partitions } = bed.config;
  const topic = topicName(prefix, requests);
  const encode = await openEncoder<Request>(bed.registry, `${topic}-value`, requestSchema);
  const outbox = await openOutbox({ ...bed.config.kafka, clientId: 'bench.flood' });
  const random = randomOf(77);
  const startedMs = monotonicMs();
  let sent = 0;
  const message = (n: number): OutMessage => {
    const one = random() < options.hotShare ? 0 : Math.floor(random() * options.users.length);
    const userId = options.users[one] ?? '';
    const deadline = options.deadlineMs !== null && n % 4 === 0 ? now() + options.deadlineMs : null;
    return {
      topic,
      partition: partitionOf(userId, partitions),
      key: userId,
      value: encode(requestOf(userId, deadline)),
    };
  };
  try {
    for (;;) {
      const elapsedMs = monotonicMs() - startedMs;
      if (elapsedMs > options.seconds * 1_000) break;
      const due = Math.floor((elapsedMs * options.perSecond) / 1_000) - sent;
      if (due > 0) {
        await outbox.send(Array.from({ length: due }, (_, n) => message(sent + n)));
        sent += due;
      } else await pause(tickMs);
    }
    return { sent, perSecond: Math.round((sent * 1_000) / (monotonicMs() - startedMs)) };
  } finally {
    await outbox.close();
  }
}

const requestOf = (userId: string, deadlineMs: number | null): Request => ({
  user_id: userId,
  context_id: 'home-feed',
  count: null,
  exclude: [],
  session: [],
  deadline_at: deadlineMs,
  attributes: {},
  page_token: null,
  consent: true,
});
