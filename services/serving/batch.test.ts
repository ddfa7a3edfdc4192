import { expect, test } from 'vitest';
import type { Exposure } from '../../schemas/generated/exposure.ts';
import type { MetricEvent } from '../../schemas/generated/metric-event.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import { asked, of, serve, start } from './batch-asking.ts';
import type { BatchParts } from './batch.ts';
import { requestRecord } from './fakes.ts';
import { kinds } from '../../models/kinds.ts';

test('every request of a batch is answered once, in order, whatever becomes of it', async () => {
  const { parts, own } = await start();
  const records = [
    asked(1),
    requestRecord({ offset: 2, value: null }),
    asked(3, { context_id: 'other' }),
    asked(4, { deadline_at: 4_000 }),
    asked(5),
  ];
  await serve({ records, highWatermark: 6 }, parts);
  const answers = of<Recommendation>(own, 'rec');
  expect(answers.map(({ answer_id: id, status }) => [id, status])).toEqual([
    ['requests-1-1', 'ok'],
    ['requests-1-2', 'invalid'],
    ['requests-1-3', 'unknown_context'],
    ['requests-1-4', 'expired'],
    ['requests-1-5', 'ok'],
  ]);
  expect(answers[0]).toMatchObject({
    user_id: 'u1',
    context_version: 'home@0123456789ab',
    model_version: 'm@0123456789ab',
    answered_by: 'any',
    items: [
      { item_id: 'a', score: 1, step: 0 },
      { item_id: 'b', score: 1, step: 0 },
    ],
    request_partition: 1,
    request_offset: 1,
  });
});

test('exposures are of answers with items alone, in ascending order of position', async () => {
  const { parts, own } = await start();
  const nothing = asked(2, { exclude: ['a', 'b', 'c'] });
  await serve({ records: [asked(1), nothing, asked(3)], highWatermark: 4 }, parts);
  const exposed = of<Exposure>(own, 'exp');
  expect(exposed.map((one) => [one.source_partition, one.source_offset, one.lineage])).toEqual([
    [1, 1, 'serving-line'],
    [1, 3, 'serving-line'],
  ]);
});

test('of a flood the oldest are shed, the newest are answered, and none goes without a word', async () => {
  const { parts, own } = await start();
  const records = Array.from({ length: 50 }, (_, n) => asked(n));
  await serve({ records, highWatermark: 140 }, parts);
  const answers = of<Recommendation>(own, 'rec');
  const shed = answers.filter(({ status }) => status === 'overloaded');
  expect([answers.length, shed.length, shed.at(-1)?.request_offset]).toEqual([50, 40, 39]);
  const metrics = of<MetricEvent>(own, 'met');
  // One per answer, one for what rules did to the model, one for all refusals.
  expect(metrics).toHaveLength(12);
  expect(metrics.at(-1)).toMatchObject({
    labels: { context: 'none', status: 'overloaded' },
    values: { count: 40 },
  });
});

test('of more than one slice the refused hear it first, and then slice by slice is answered', async () => {
  let beats = 0;
  const { parts, own } = await start({ sliceMax: 4 });
  const sends: number[] = [];
  const counted: BatchParts = {
    ...parts,
    own: {
      send: (messages, lane) => {
        sends.push(of(messages, 'rec').length);
        return parts.own.send(messages, lane);
      },
    },
  };
  const records = Array.from({ length: 12 }, (_, n) => asked(n, { user_id: `u${n}` }));
  const heartbeat = (): Promise<void> => Promise.resolve(void (beats += 1));
  await serve({ records, highWatermark: 102, heartbeat }, counted);
  expect([sends, beats]).toEqual([[2, 4, 4, 2], 3]);
  const exposed = of<Exposure>(own, 'exp').map(({ source_offset: offset }) => offset);
  expect(exposed).toEqual(Array.from({ length: 10 }, (_, n) => n + 2));
});

test('when refusals cannot be sent the batch comes again', async () => {
  const { parts } = await start({ sliceMax: 2 });
  let sends = 0;
  const own = {
    send: () => ((sends += 1) === 1 ? Promise.reject(new Error('away')) : Promise.resolve()),
  };
  const records = Array.from({ length: 5 }, (_, n) => asked(n, { user_id: `u${n}` }));
  const batch = { records, highWatermark: 101 };
  await expect(serve(batch, { ...parts, own })).rejects.toThrow('away');
});

test('an answer goes to the reply topic too, if that is allowed, with the id as it came', async () => {
  const { parts, own, foreign } = await start();
  const headers = (topic: string) => ({
    kafka_correlationId: Buffer.from([0, 200, 1]),
    kafka_replyTopic: Buffer.from(topic),
    kafka_replyPartition: Buffer.from([0, 0, 0, 2]),
  });
  const records = [
    { ...asked(1), headers: headers('shop.replies') },
    { ...asked(2), headers: headers('bank.replies') },
    { ...requestRecord({ offset: 3, value: null }), headers: headers('shop.replies') },
    { ...asked(4), headers: headers('shop.commands.v1') },
  ];
  await serve({ records, highWatermark: 5 }, parts);
  expect(of<Recommendation>(own, 'rec')).toHaveLength(4);
  expect(foreign.map(({ topic, partition }) => [topic, partition])).toEqual([
    ['shop.replies', 2],
    ['shop.replies', 2],
  ]);
  expect(foreign[0]?.headers).toEqual({ kafka_correlationId: Buffer.from([0, 200, 1]) });
  expect(own[0]?.headers).toEqual(foreign[0]?.headers);
  expect(await parts.metrics.text()).toContain('freshet_replies_total{result="refused"} 2');
});

test('no label of a metric event is a word of the asker', async () => {
  const { parts, own } = await start();
  const records = [asked(1), asked(2, { context_id: 'made-up', user_id: 'secret' })];
  await serve({ records, highWatermark: 3 }, parts);
  const labels = of<MetricEvent>(own, 'met').flatMap((event) => Object.values(event.labels));
  expect(labels).not.toContain('made-up');
  expect(labels).not.toContain('secret');
});

test('an answer that came too late says so instead', async () => {
  const { parts, own } = await start();
  let clockMs = 4_999;
  const late = {
    ...parts,
    answering: {
      ...parts.answering,
      nowMs: () => clockMs,
      redis: {
        mgetMany: (groups: readonly (readonly string[])[]) => {
          clockMs = 5_001;
          return parts.answering.redis.mgetMany(groups);
        },
      },
    },
  };
  await serve({ records: [asked(1, { deadline_at: 5_000 })], highWatermark: 2 }, late);
  expect(of<Recommendation>(own, 'rec')[0]?.status).toBe('expired');
  expect(of<Exposure>(own, 'exp')).toEqual([]);
});

test('the kinds that come with the project can all be served', () => {
  for (const kind of kinds.values()) {
    const learning = kind.learningSchema.parse({});
    const retrieval = kind.retrieval(learning, kind.retrievalSchema.parse({}));
    expect(typeof retrieval.shared).toBe('boolean');
  }
});
