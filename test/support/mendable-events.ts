import { encoderFor, openEncoder } from '../../lib/avro/encoder.ts';
import { registerSchema } from '../../lib/avro/register.ts';
import { now } from '../../lib/clock.ts';
import type { OutMessage } from '../../lib/kafka/log-record.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import {
  type ExternalCandidates,
  externalCandidatesSchema,
} from '../../schemas/generated/external-candidates.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { externalCandidates } from '../../topics/external-candidates.ts';
import { topicName } from '../../topics/topic.ts';
import type { Pipeline } from './pipeline.ts';

const theirs = {
  type: 'record',
  name: 'Theirs',
  fields: ['event_id', 'uid', 'item_id', 'kind']
    .map((name) => ({ name, type: 'string' }))
    .concat({ name: 'occurred_at', type: 'long' }),
};

const good = (more: Partial<UserEvent>): UserEvent => ({
  event_id: 'e',
  user_id: 'ann',
  item_id: 'tea',
  type: 'view',
  occurred_at: now() - 60_000,
  context_id: null,
  answer_id: null,
  session_id: null,
  value: null,
  attributes: {},
  ...more,
});

/** Events that ingest refuses, each of a kind that a declared change can mend but for one that was cut. */
export async function mendable(pipeline: Pipeline, prefix: string): Promise<OutMessage[]> {
  const { registry, config } = pipeline.bed;
  const topic = pipeline.userEvents;
  const encode = await openEncoder<UserEvent>(registry, `${topic}-value`, userEventSchema);
  const id = await registerSchema(config.registry, `${prefix}-theirs`, JSON.stringify(theirs));
  const theirEvent = { event_id: 'their-1', uid: 'tom', item_id: 'tea', kind: 'view' };
  const json = (n: number): Buffer =>
    Buffer.from(
      JSON.stringify({
        event_id: `json-${n}`,
        uid: `jane-${n}`,
        item_id: 'tea',
        type: 'view',
        occurred_at: new Date(now() - 60_000).toISOString(),
      }),
    );
  const till = { producer: 'till' };
  const values: [Buffer, Record<string, string>][] = [
    ...[1, 2, 3].map((n): [Buffer, Record<string, string>] => [json(n), { source: 'shop' }]),
    [encode(good({ event_id: 'type-1', type: 'buy' })), till],
    [encode(good({ event_id: 'type-2', type: 'buy' })), till],
    [encode(good({ event_id: 'seconds-1', occurred_at: Math.floor(now() / 1_000) })), {}],
    [encode(good({ event_id: 'future-1', occurred_at: now() + 86_400_000 })), {}],
    [encode(good({ event_id: '', user_id: 'no-id' })), {}],
    [encode(good({ event_id: 'cut-1', attributes: { a: 'b' } })).subarray(0, -2), {}],
    [encoderFor(theirs, id)({ ...theirEvent, occurred_at: now() - 60_000 }), {}],
  ];
  return values.map(([value, headers], n) => ({
    topic,
    partition: 0,
    key: `k${n}`,
    value,
    headers,
  }));
}

/** A list of a user in a partition where nobody would look for it. */
export async function misplacedList(pipeline: Pipeline, prefix: string): Promise<OutMessage> {
  const { registry, config } = pipeline.bed;
  const topic = topicName(prefix, externalCandidates);
  const subject = `${topic}-value`;
  const encode = await openEncoder<ExternalCandidates>(registry, subject, externalCandidatesSchema);
  const who = { source: 'nightly', user_id: 'eve', forgotten: null };
  const list = { ...who, computed_at: now() - 60_000 };
  const partition = (partitionOf(list.user_id, config.partitions) + 1) % config.partitions;
  const items = [{ item_id: 'tea', score: 1 }];
  return { topic, partition, key: list.user_id, value: encode({ ...list, items }) };
}
