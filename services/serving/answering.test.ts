import { plainRequest } from '../../schemas/plain-request.ts';
import { beforeEach, describe, expect, test } from 'vitest';
import { Experiments } from '../../experiments/catalogue.ts';
import { type CurrentGeneration, currentKey } from '../../lib/stream/current.ts';
import { formatHeader } from '../../lib/stream/header.ts';
import { RetryableError } from '../../lib/errors.ts';
import { Generations } from '../../lib/stream/generations.ts';
import {
  type ContextDefinition,
  modelVersion,
  parseContext,
  parseModel,
} from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';
import type { Request } from '../../schemas/generated/request.ts';
import { encodeCandidates, listPrefix } from '../../schemas/packed/candidates.ts';
import { kindBit } from '../../schemas/packed/seen-items.ts';
import { answerBatch, type AnsweringParts } from './answering.ts';
import { current, FakeRedis, rankingBytes, requestRecord, readBounds, seenBytes } from './fakes.ts';
import { LearnedReads } from '../../retrieval/learned-reads.ts';
import { LearnedWeights } from '../../retrieval/learned-weights.ts';
import { ItemTable } from '../../models/item-table.ts';
import { ServedModels } from './models.ts';
import { PageTokens } from './page-token.ts';
import { foldNames } from './plan.ts';
import { Rankings } from './rankings.ts';
import { replyOf } from './reply.ts';
import type { Accepted } from './request.ts';

const types = ['view', 'purchase'];
const nowMs = 1_700_000_000_000;

const model = (text: string) => {
  const parsed = parseModel(text, kinds);
  if (!parsed.ok) throw new Error(parsed.faults.join());
  return modelVersion(parsed.value);
};
const personal = model('{"model":"co-visits","kind":"co-visits","candidatesAgeMsMax":60000}');
const trending = model('{"model":"trending","kind":"trending"}');
const known = new Map(
  [personal, trending].map(({ version, definition }) => [
    version,
    { version, revision: 1, definition },
  ]),
);

const context = (change: object = {}): ContextDefinition => {
  const parsed = parseContext(
    JSON.stringify({
      context: 'home',
      size: 4,
      atLeast: 2,
      rules: [{ rule: 'not-seen', kinds: ['purchase'] }, { rule: 'available' }],
      ladder: [
        { step: 'personal', model: personal.version },
        { step: 'trending', model: trending.version },
      ],
      ...change,
    }),
  );
  if (!parsed.ok) throw new Error(parsed.faults.join());
  return parsed.value;
};

const always = { available_from: null, available_until: null };
const blank = { item_id: '', title: '', categories: [], attributes: {}, ...always };
const plain = plainRequest('u1', 'home');

const accepted = (change: Partial<Request> = {}, of = context()): Accepted => ({
  kind: 'accepted',
  record: requestRecord(),
  reply: replyOf({}),
  request: { ...plain, ...change },
  context: { version: 'home@0123456789ab', revision: 1, definition: of },
  wanted: change.count ?? of.size,
  deadlineMs: null,
  page: null,
});

const seenRow = (kind: string, ...seen: string[]): Buffer =>
  seenBytes(seen, { atMs: nowMs, kinds: kindBit(types, kind) });

let redis: FakeRedis;
const zero = (): number => 0;
let generations: Generations;
let items: ItemTable;
let parts: AnsweringParts;
let clockMs: number;
const models = new ServedModels(kinds);
models.follow(known);

const learning = (version: string): string => models.get(version)?.learned[0] ?? '';
const point = async (seen: Partial<CurrentGeneration> = {}): Promise<void> => {
  const pointers = [
    { ...current(foldNames.seen, 's', 'user'), ...seen },
    current(foldNames.candidates, 'c', 'user'),
    current(foldNames.features, 'f', 'user'),
    current(learning(personal.version), 'l', 'item'),
    { ...current(learning(trending.version), 'l', 'item'), id4: 'wxyz' },
  ];
  for (const pointer of pointers)
    redis.values.set(currentKey('freshet', pointer.name), Buffer.from(JSON.stringify(pointer)));
  await generations.read(pointers.map(({ name }) => name));
};
const generation = (name: string) => {
  const found = generations.get(name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};
const store = (
  user: string,
  has: { readonly bought?: readonly string[]; readonly list?: readonly string[] },
): void => {
  const seen = generation(foldNames.seen);
  redis.values.set(
    seen.header(user),
    Buffer.from(formatHeader({ offsets: [42], hashes: ['x'], marks: [[]], newestMs: [-1] })),
  );
  if (has.bought) redis.values.set(seen.row(user), seenRow('purchase', ...has.bought));
  if (has.list)
    redis.values.set(
      generation(foldNames.candidates).row(listPrefix(personal.version) + user, user),
      encodeCandidates({
        profileOffset: 40,
        computedAtMs: nowMs - 1_000,
        newestAtMs: nowMs - 5_000,
        candidates: has.list.map((itemId, index) => ({ itemId, score: 1 / (index + 1) })),
      }),
    );
};
const storeTrending = (...ids: string[]): void => {
  const [key] = generation(learning(trending.version)).shared();
  redis.values.set(key ?? '', rankingBytes(...ids));
};

beforeEach(async () => {
  redis = new FakeRedis();
  generations = new Generations(redis, { prefixOf: () => 'freshet', ageMsMax: 0, clockMs: zero });
  items = new ItemTable();
  clockMs = 0;
  parts = {
    redis,
    reads: new LearnedReads(redis, readBounds),
    weights: new LearnedWeights(),
    models,
    generations,
    experiments: new Experiments(),
    rankings: new Rankings(1_000),
    items,
    itemOffsets: () => [10, 20],
    types,
    profileAttributes: [],
    pages: new PageTokens({ key: null, prefix: 'freshet' }),
    nowMs: () => nowMs,
    monotonicMs: () => clockMs,
  };
  for (const id of 'abcdefghijklmnop') {
    items.take(id, {
      item_id: id,
      title: '',
      categories: id < 'e' ? ['first'] : [],
      attributes: {},
      available_from: null,
      available_until: id === 'z' ? nowMs : null,
    });
  }
  await point();
  redis.roundTrips = 0;
});

const ask = async (...requests: Accepted[]) => answerBatch(requests, parts);
const ids = (done: { answered: { items: readonly { itemId: string }[] } } | undefined) =>
  done?.answered.items.map(({ itemId }) => itemId).join('');

describe('an answer', () => {
  test('is made of the list without what was bought, and filled from the next step by the same rules', async () => {
    store('u1', { bought: ['b', 'f'], list: ['a', 'b', 'c'] });
    storeTrending('f', 'a', 'e', 'g');
    const [done] = await ask(accepted());
    expect(ids(done)).toBe('aceg');
    expect(done?.answered.removed).toEqual({ 'not-seen': 2 });
    expect(done?.answered.held).toEqual([3, 4]);
  });

  test('says what it was judged by', async () => {
    store('u1', { bought: [], list: ['a', 'b'] });
    const [done] = await ask(accepted());
    expect(done?.basis).toEqual({
      seenOffset: 42,
      seenSinceMs: null,
      servedOffset: -1,
      judgedWith: {},
      nextPage: null,
      candidatesOffset: 40,
      newestAtMs: nowMs - 5_000,
      itemOffsets: [10, 20],
      judgedAtMs: nowMs,
      stale: false,
    });
  });

  test('knows as much of who was forgotten, and of who never came, as seen-items keeps', async () => {
    await point({ horizonMs: 1_000_000, hash: 'other' });
    storeTrending('a', 'b');
    const since = async (newestMs: number): Promise<unknown[]> => {
      const header = formatHeader({
        offsets: [42],
        hashes: ['x'],
        marks: [[]],
        newestMs: [newestMs],
      });
      redis.values.set(generation(foldNames.seen).header('u1'), Buffer.from(header));
      const [done] = await ask(accepted());
      return [ids(done), done?.basis.seenSinceMs];
    };
    expect(await since(nowMs + 1_001_000)).toEqual(['ab', nowMs + 1_000]);
    store('u1', { bought: ['a'] });
    expect(await since(nowMs + 1_001_000)).toEqual(['ab', nowMs + 1_000]);
    expect(await since(nowMs + 1_000_000)).toEqual(['b', null]);
  });

  test('never holds an item that is unknown, over, or on the request’s own list', async () => {
    store('u1', { list: ['unknown', 'a', 'b'] });
    items.take('b', { ...blank, item_id: 'b', available_until: nowMs });
    storeTrending('c', 'd');
    const [done] = await ask(accepted({ exclude: ['c'] }));
    expect(ids(done)).toBe('ad');
    expect(done?.answered.removed).toEqual({ available: 2, exclude: 1 });
  });

  test('for someone unknown comes from what needs no profile, and asks for a list', async () => {
    storeTrending('a', 'b', 'c');
    const [done] = await ask(accepted({ user_id: 'nobody' }));
    expect([ids(done), done?.basis.stale, done?.basis.candidatesOffset]).toEqual(['abc', true, -1]);
  });

  test('is of one category where the step says so', async () => {
    storeTrending('a', 'x', 'h', 'b', 'p');
    const ladder = [{ step: 'trending', model: trending.version, category: 'first' }];
    expect(ids((await ask(accepted({}, context({ ladder }))))[0])).toBe('ab');
  });

  test('is not made on a guess when seen items cannot be read', async () => {
    await generations.read([]);
    await expect(ask(accepted())).rejects.toThrow(RetryableError);
  });

  test('from a list older than its model says is marked as stale', async () => {
    store('u1', { list: ['a', 'b', 'c', 'd'] });
    parts = { ...parts, nowMs: () => nowMs + 60_000 };
    expect((await ask(accepted()))[0]?.basis.stale).toBe(true);
  });

  test('from an empty list asks for another: its model may have learned since', async () => {
    store('u1', { list: [] });
    storeTrending('a', 'b', 'c');
    const [done] = await ask(accepted());
    expect([ids(done), done?.basis.stale]).toEqual(['abc', true]);
  });
});

describe('a batch', () => {
  test('of many users takes one round trip', async () => {
    storeTrending('a');
    const users = Array.from({ length: 50 }, (_, n) => accepted({ user_id: `u${n}` }));
    const done = await ask(...users);
    expect([done.length, redis.roundTrips]).toEqual([50, 1]);
  });

  test('reads a ranking again when it is a second old, and not before', async () => {
    storeTrending('a');
    await ask(accepted());
    storeTrending('b');
    clockMs = 999;
    expect(ids((await ask(accepted()))[0])).toBe('a');
    clockMs = 1_000;
    expect(ids((await ask(accepted()))[0])).toBe('b');
    expect(redis.roundTrips).toBe(3);
  });

  test('with sessions takes two round trips more, and the rules hold there too', async () => {
    store('u1', { bought: ['a'] });
    storeTrending('a', 'b', 'c');
    const [done] = await ask(accepted({ session: ['d', 'e'] }));
    expect(redis.roundTrips).toBeLessThanOrEqual(3);
    expect(ids(done)).toBe('bc');
    expect(done?.basis.newestAtMs).toBe(nowMs);
  });
});
