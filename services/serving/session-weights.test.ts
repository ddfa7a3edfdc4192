import { expect, test } from 'vitest';

import { PageTokens } from './page-token.ts';
import { Experiments } from '../../experiments/catalogue.ts';
import { currentKey } from '../../lib/stream/current.ts';
import { Generations } from '../../lib/stream/generations.ts';
import { parseContext } from '../../models/definitions.ts';
import { ItemTable } from '../../models/item-table.ts';
import type { PersonalRetrieval } from '../../models/model.ts';
import { LearnedReads } from '../../retrieval/learned-reads.ts';
import { LearnedWeights } from '../../retrieval/learned-weights.ts';
import type { PersonalModel } from '../../retrieval/personal-models.ts';
import { answerBatch, type AnsweringParts } from './answering.ts';
import { current, FakeRedis, readBounds, requestRecord } from './fakes.ts';
import { foldNames } from './plan.ts';
import { Rankings } from './rankings.ts';
import { replyOf } from './reply.ts';
import type { Accepted } from './request.ts';

const name = 'toy-weights';

/** Proposes what the weights say. */
const retrieval: PersonalRetrieval = {
  shared: false,
  sources: [],
  needsItems: false,
  trainer: {
    name,
    logs: () => false,
    note: () => ({ candidates: [], open: Buffer.alloc(0) }),
    close: () => null,
  },
  wants: () => [],
  figures: () => [],
  rank: (_, _learned, { weights }) => [{ itemId: weights?.toString() ?? 'none', score: 1 }],
  explain: null,
};
const model: PersonalModel = {
  kind: 'personal',
  modelKind: 'toy',
  version: 'toy@000000000001',
  learned: [],
  ageMsMax: 1_000,
  retrieval,
  listPrefix: 'mv4_',
};

async function stage() {
  const redis = new FakeRedis();
  const generations = new Generations(redis, {
    prefixOf: () => 'p',
    ageMsMax: 0,
    clockMs: () => 0,
  });
  const weights = current(foldNames.weights, 'w', 'item');
  redis.values.set(currentKey('p', weights.name), Buffer.from(JSON.stringify(weights)));
  await generations.read([weights.name]);
  const key = generations.get(weights.name)?.row(name) ?? '';
  const clock = { ms: 0 };
  const parts: AnsweringParts = {
    redis,
    reads: new LearnedReads(redis, readBounds),
    weights: new LearnedWeights(),
    models: { get: () => model },
    generations,
    experiments: new Experiments(),
    rankings: new Rankings(1_000),
    items: new ItemTable(),
    itemOffsets: () => [],
    types: ['view'],
    profileAttributes: [],
    pages: new PageTokens({ key: null, prefix: 'freshet' }),
    nowMs: () => 1,
    monotonicMs: () => clock.ms,
  };
  const parsed = parseContext(
    JSON.stringify({
      context: 'c',
      size: 1,
      rules: [],
      ladder: [{ step: 's', model: 'm@000000000000' }],
    }),
  );
  if (!parsed.ok) throw new Error(parsed.faults.join());
  const accepted = (session: readonly string[]): Accepted => ({
    kind: 'accepted',
    record: requestRecord(),
    reply: replyOf({}),
    request: {
      user_id: 'u',
      context_id: 'c',
      count: null,
      exclude: [],
      session: [...session],
      deadline_at: null,
      attributes: {},
      page_token: null,
      consent: true,
    },
    context: { version: 'c@000000000000', revision: 1, definition: parsed.value },
    wanted: 1,
    deadlineMs: null,
    page: null,
  });
  const ask = async (session: readonly string[] = ['a']): Promise<string> => {
    redis.roundTrips = 0;
    const [done] = await answerBatch([accepted(session)], parts);
    return done?.answered.items.map(({ itemId }) => itemId).join() ?? '';
  };
  return { redis, key, clock, ask };
}

test('a session is ranked by weights that are at most a second old', async () => {
  const { redis, key, clock, ask } = await stage();
  expect(await ask()).toBe('none');
  redis.values.set(key, Buffer.from('first'));
  expect(await ask()).toBe('none');
  clock.ms = 1_000;
  expect(await ask()).toBe('first');
  redis.values.set(key, Buffer.from('second'));
  clock.ms = 1_999;
  expect(await ask()).toBe('first');
  clock.ms = 2_000;
  expect(await ask()).toBe('second');
});

test('weights come with the batch’s own read, and cost nothing while they are fresh', async () => {
  const { redis, ask } = await stage();
  await ask();
  expect(redis.roundTrips).toBe(1);
  await ask();
  expect(redis.roundTrips).toBe(0);
});
