import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import type { ServiceProcess } from '../../bench/service-process.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import type { Exposure } from '../../schemas/generated/exposure.ts';
import { type Item, itemSchema } from '../../schemas/generated/item.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import { items } from '../../topics/items.ts';
import { topicName } from '../../topics/topic.ts';
import { type Asked, type Asking, openAsking } from '../support/asking.ts';
import { openPipeline, type Pipeline, someEvents } from '../support/pipeline.ts';

/** Real events become answers, and every request gets one, whatever it holds and whoever dies. */
const prefix = 'serving-e2e';
const allowed = `${prefix}.replies.one`;
const forbidden = `${prefix}.private`;
const partitions = 3;
/** Withdrawn from sale before anybody asks. */
const soldOut = 'i7';
const hourMs = 3_600_000;
let pipeline: Pipeline;
let asking: Asking;
let services: ServiceProcess;

const itemOf = (n: number): Item => ({
  item_id: `i${n}`,
  title: `Item ${n}`,
  categories: [],
  attributes: {},
  available_from: null,
  available_until: `i${n}` === soldOut ? Date.now() - hourMs : null,
});

async function publishItems(): Promise<void> {
  const { config, registry } = pipeline.bed;
  const topic = topicName(config.prefix, items);
  const encode = await openEncoder<Item>(registry, `${topic}-value`, itemSchema);
  await pipeline.publishRaw(
    Array.from({ length: 120 }, (_, n) => ({ topic, key: `i${n}`, value: encode(itemOf(n)) })),
  );
}

const past = someEvents(1_500, 30);

const boughtBy = (user: string): ReadonlySet<string | undefined> =>
  new Set(
    past
      .filter(({ user_id, type }) => user_id === user && type === 'purchase')
      .map(({ item_id }) => item_id),
  );

/** Lists are made anew by what users do: those made while nothing was learned yet are empty. */
const everybodyAgain = Array.from({ length: 200 }, (_, n) => ({
  user_id: `u${n}`,
  item_id: `i${n % 120}`,
  type: 'view',
}));

beforeAll(async () => {
  pipeline = await openPipeline(
    {
      kafkaBrokers: inject('kafkaBrokers'),
      registryUrl: inject('registryUrl'),
      redisUrl: inject('redisUrl'),
    },
    prefix,
    { FRESHET_REPLY_TOPICS: `${prefix}.replies.*` },
  );
  await pipeline.bed.admin.createTopics(
    [allowed, forbidden].map((topic) => ({ topic, partitions, configs: {} })),
  );
  await publishItems();
  await pipeline.publish(past);
  services = await pipeline.run(['--all']);
  await pipeline.caughtUp();
  await pipeline.publish(everybodyAgain);
  await pipeline.caughtUp();
  await pipeline.caughtUp(['candidates']);
  asking = await openAsking(pipeline, [allowed]);
  // Serving looks every three seconds for folds that have begun since it started.
  while ((await asking.ask({ user_id: 'first' })).answer.items.length === 0);
});

afterAll(async () => {
  await asking.close();
  await pipeline.close();
});

const idsOf = ({ items: answered }: Recommendation): string[] =>
  answered.map(({ item_id }) => item_id);

describe('what is answered', () => {
  test('users with a past get items of their own, and none that they bought', async () => {
    const got = await Promise.all(
      Array.from({ length: 40 }, (_, n) => asking.ask({ user_id: `u${n}` })),
    );
    for (const { answer } of got) {
      expect(answer).toMatchObject({ status: 'ok', reason: null, context_id: 'home-feed' });
      expect(answer.items.length).toBe(20);
      expect(idsOf(answer)).not.toContain(soldOut);
      expect(answer.seen_offset).toBeGreaterThan(0);
      expect(answer.newest_interaction_at).not.toBeNull();
      const bought = boughtBy(answer.user_id);
      expect(idsOf(answer).filter((id) => bought.has(id))).toEqual([]);
    }
    expect(got.map(({ answer }) => answer.answered_by)).toContain('personal');
    expect(got.some(({ answer }) => (answer.removed['not-seen'] ?? 0) > 0)).toBe(true);
  });

  test('a stranger gets what is popular', async () => {
    const { answer } = await asking.ask({ user_id: 'nobody' });
    expect(answer).toMatchObject({ status: 'ok', answered_by: 'trending' });
    expect(answer.items.length).toBe(20);
    expect(answer.newest_interaction_at).toBeNull();
    expect(idsOf(answer)).not.toContain(soldOut);
  });

  test('an item is not shown again once its purchase is folded', async () => {
    const before = (await asking.ask({ user_id: 'u1' })).answer;
    const [bought = ''] = idsOf(before);
    await pipeline.publish([{ user_id: 'u1', item_id: bought, type: 'purchase' }]);
    await pipeline.caughtUp(['ingest', 'seen-items']);
    const after = (await asking.ask({ user_id: 'u1' })).answer;
    expect(idsOf(after)).not.toContain(bought);
    expect(after.items.length).toBe(20);
    expect(after.seen_offset).toBeGreaterThan(before.seen_offset);
  });

  test('what the request excludes is left out, and no more than it wants is answered', async () => {
    const before = (await asking.ask({ user_id: 'u2' })).answer;
    const exclude = idsOf(before).slice(0, 3);
    const { answer } = await asking.ask({ user_id: 'u2', exclude, count: 4 });
    expect(answer.items.length).toBe(4);
    for (const id of exclude) expect(idsOf(answer)).not.toContain(id);
    expect(answer.removed['exclude']).toBeGreaterThanOrEqual(1);
  });

  test('where rules leave nothing, the answer says so', async () => {
    const exclude = Array.from({ length: 120 }, (_, n) => `i${n}`);
    const { answer } = await asking.ask({ user_id: 'u6', exclude });
    expect(answer).toMatchObject({ status: 'ok', items: [], answered_by: 'none' });
    expect(answer.held.reduce((sum, held) => sum + held, 0)).toBeGreaterThan(0);
  });
});

describe('how askers are answered', () => {
  /** Bytes that are no text, as Spring sends them. */
  const bytesOf = (n: number): Buffer => Buffer.from([n, 0xff, 0x00, 0xfe, 0x80, 0x0a]);
  const int32 = (n: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(n);
    return bytes;
  };

  test.each(['kafka_correlationId', 'correlation-id'])('%s comes back as it came', async (name) => {
    const id = bytesOf(name.length);
    await asking.send([{ request: { user_id: 'u3' }, headers: { [name]: id } }]);
    const { record } = await asking.answerTo(id);
    expect(record.headers[name]).toEqual(id);
    expect(record.key?.toString()).toBe('u3');
  });

  test.each([
    ['Spring: four bytes', 'kafka_replyPartition', int32(2), 2],
    ['NestJS: digits', 'kafka_replyPartition', '1', 1],
  ])('a reply topic on the list gets the answer (%s)', async (_, name, value, partition) => {
    const id = bytesOf(partition);
    const headers = { kafka_correlationId: id, kafka_replyTopic: allowed, [name]: value };
    await asking.send([{ request: { user_id: 'u4' }, headers }]);
    const reply = await asking.answerTo(id, allowed);
    expect(reply.record.partition).toBe(partition);
    const own = await asking.answerTo(id);
    expect(reply.record.value).toEqual(own.record.value);
    expect(reply.record.headers['kafka_correlationId']).toEqual(id);
  });

  test('reply-to without a partition will do; another topic gets nothing', async () => {
    const toAllowed = await asking.ask({ user_id: 'u5' }, { 'reply-to': allowed });
    const { answer } = await asking.answerTo(
      toAllowed.record.headers['correlation-id'] ?? '',
      allowed,
    );
    expect(answer.answer_id).toBe(toAllowed.answer.answer_id);
    const refused = await asking.ask({ user_id: 'u5' }, { 'reply-to': forbidden });
    expect(refused.answer.status).toBe('ok');
    const metrics = await (await fetch(`${services.url}/metrics`)).text();
    expect(metrics).toMatch(/^freshet_replies_total\{result="refused"\} 1$/m);
    const ends = await pipeline.bed.admin.topicOffsets(forbidden);
    expect(ends.map(({ high }) => high)).toEqual(Array.from({ length: partitions }, () => 0));
  });

  const refusals: readonly [reason: string, status: string, asked: Asked][] = [
    ['bad_magic', 'invalid', { request: {}, raw: Buffer.from('{"user_id":"u1"}') }],
    ['empty_value', 'invalid', { request: {}, raw: null }],
    ['count_out_of_range', 'invalid', { request: { count: 0 } }],
    ['too_many_excluded', 'invalid', { request: { exclude: Array<string>(1_001).fill('i1') } }],
    ['reply_topic_malformed', 'invalid', { request: {}, headers: { 'reply-to': 'no topic' } }],
    ['deadline_malformed', 'invalid', { request: {}, headers: { 'deadline-at': 'soon' } }],
    ['no_such_context', 'unknown_context', { request: { context_id: 'attic' } }],
    ['deadline_passed', 'expired', { request: { deadline_at: Date.now() - 1_000 } }],
    ['deadline_passed', 'expired', { request: {}, headers: { 'deadline-at': '1000' } }],
  ];

  test.each(refusals)('%s: %s', async (reason, status, asked) => {
    const id = `refused-${refusals.findIndex(([, , one]) => one === asked)}`;
    await asking.send([{ ...asked, headers: { ...asked.headers, 'correlation-id': id } }]);
    const { answer } = await asking.answerTo(id);
    expect(answer).toMatchObject({
      status,
      reason,
      user_id: 'ann',
      items: [],
      answered_by: 'none',
    });
  });
});

describe('when serving dies', () => {
  const roundsMax = 10;
  const perRound = 30;

  /** Dies as soon as the first answer of this round is out: its offset is not yet committed. */
  async function killedWhileAnswering(round: number): Promise<string[]> {
    const ids = Array.from({ length: perRound }, (_, n) => `round-${round}-${n}`);
    const serving = await pipeline.run(['serving']);
    await asking.send(
      ids.map((id, n) => ({ request: { user_id: `u${n}` }, headers: { 'correlation-id': id } })),
    );
    await asking.until(() => ids.some((id) => asking.answers().has(id)));
    process.kill(serving.pid, 'SIGKILL');
    await expect(serving.ended).rejects.toThrow('ended by itself');
    return ids;
  }

  test('every request is answered, and all its answers have one id', async () => {
    await services.stop();
    const ids: string[] = [];
    const repeated = (): boolean => ids.some((id) => (asking.answers().get(id)?.length ?? 0) > 1);
    // Whether a commit came first is chance: until a request has been answered twice.
    for (let round = 0; round < roundsMax && !repeated(); round += 1) {
      ids.push(...(await killedWhileAnswering(round)));
    }
    services = await pipeline.run(['--all']);
    await asking.until(() => ids.every((id) => asking.answers().has(id)));
    expect(repeated()).toBe(true);
    for (const id of ids) {
      const answers = asking.answers().get(id) ?? [];
      expect(new Set(answers.map(({ answer }) => answer.answer_id)).size).toBe(1);
    }
  });

  test('exposures are of answers with items alone, and nothing differs', async () => {
    await pipeline.caughtUp();
    await services.stop();
    const answers = await asking.allAnswers();
    const exposed = new Map<string, Exposure>();
    for (const one of await asking.allExposures()) exposed.set(one.answer_id, one);
    const shown = answers.filter((answer) => answer.items.length > 0);
    expect([...exposed.keys()].toSorted()).toEqual(
      [...new Set(shown.map(({ answer_id }) => answer_id))].toSorted(),
    );
    const report = await pipeline.verify();
    expect(report.differences, JSON.stringify(report)).toBe(0);
    expect(report.answers.checked).toBe(answers.filter(({ status }) => status === 'ok').length);
  });
});
