import { describe, expect, test } from 'vitest';

import { RetryableError } from '../../lib/errors.ts';
import { currentKey } from '../../lib/stream/current.ts';
import { formatHeader } from '../../lib/stream/header.ts';
import { Generations } from '../../lib/stream/generations.ts';
import { answerBatch, type AnsweringParts } from './answering.ts';
import { current, type FakeRedis } from './fakes.ts';
import { exposure, recommendation } from './outputs.ts';
import { foldNames } from './plan.ts';
import type { Accepted } from './request.ts';
import { acceptedOf, contextVersion, partsOf } from './rule-asking.ts';
import * as worlds from './rule-world.ts';
import type { World } from './rule-world.ts';

const thing = { known: true, open: true, categories: [], brand: 'x', seller: 'other' } as const;
const world: World = {
  things: worlds.itemIds.map(() => thing) as unknown as World['things'],
  sights: [],
  served: [],
  country: 'x',
  asked: 'x',
  excluded: [],
  personal: ['a', 'b', 'c', 'd', 'e'],
  variant: ['j', 'i', 'h', 'g', 'f'],
  shared: [],
  session: [],
  ladder: [{ model: 'personal', category: null }],
  rules: [],
  size: 2,
  atLeast: 1,
  pages: true,
  inExperiment: false,
  closes: 'j',
};
const byProfile = {
  rule: 'attribute',
  attribute: 'brand',
  require: { profile: 'country' },
} as const;
const byRequest = {
  rule: 'attribute',
  attribute: 'brand',
  require: { request: 'country' },
} as const;
const notServed = { rule: 'not-served', answers: 1 } as const;

const ask = async (of: World, parts: AnsweringParts, page: Accepted['page'] = null) => {
  const [done] = await answerBatch([acceptedOf(of, page)], parts);
  if (done === undefined) throw new Error('no answer');
  return { done, said: recommendation(done), shown: exposure(done, 'line') };
};
const next = (token: string | null, { pages }: AnsweringParts): Accepted['page'] => {
  const { userId, contextId, nowMs } = worlds;
  const opened = pages.open(token ?? '', { userId, contextId, contextVersion }, nowMs);
  if (!opened.ok) throw new Error(opened.fault);
  return opened.state;
};

describe('an answer', () => {
  test('says what its rules compared items with, and of which revisions', async () => {
    const rules = [byProfile, byRequest, notServed];
    const of = { ...world, rules, served: [['a']] } as World;
    const parts = { ...(await partsOf(of)), itemOffsets: () => [9] };
    const { said } = await ask(of, parts);
    expect(said.items.map(({ item_id }) => item_id)).toEqual(['b', 'c']);
    expect(said.removed).toEqual({ 'not-served': 1 });
    expect([said.served_offset, said.item_offsets]).toEqual([42, [9]]);
    expect(said.judged_with).toEqual({
      'profile.country': 'x',
      'request.country': 'x',
      'revision.profile': '42',
      'revision.attributes': '7',
    });
  });

  test('says nothing of what its rules did not look at, nor of what has no value', async () => {
    const { said } = await ask(world, await partsOf(world));
    expect([said.judged_with, said.served_offset]).toEqual([{}, -1]);
    const of = { ...world, rules: [byProfile, byRequest], country: undefined, asked: undefined };
    const none = await ask(of as World, await partsOf(of as World));
    expect(none.said.judged_with).toEqual({ 'revision.profile': '42' });
    expect(none.said.items).toEqual([]);
  });

  test('does not know a profile, or what was served, past the horizon', async () => {
    const of = { ...world, rules: [byProfile, notServed], served: [['a']] } as World;
    const parts = await partsOf(of);
    const redis = parts.redis as FakeRedis;
    const pointers = [
      { ...current(foldNames.served, 'v', 'user'), horizonMs: 1_000 },
      { ...current(foldNames.features, 'f', 'user'), horizonMs: 1_000 },
      current(foldNames.candidates, 'c', 'user'),
    ];
    for (const pointer of pointers)
      redis.values.set(currentKey('p', pointer.name), Buffer.from(JSON.stringify(pointer)));
    const generations = new Generations(redis, {
      prefixOf: () => 'p',
      ageMsMax: 0,
      clockMs: () => 0,
    });
    await generations.read(pointers.map(({ name }) => name));
    const removedAt = async (newestMs: number) => {
      const header = { offsets: [42], hashes: ['x'], marks: [[]], newestMs: [newestMs] };
      for (const fold of [foldNames.served, foldNames.features])
        redis.values.set(
          generations.get(fold)?.header(worlds.userId) ?? '',
          Buffer.from(formatHeader(header)),
        );
      return (await ask(of, { ...parts, generations })).said.removed;
    };
    expect(await removedAt(1_000)).toEqual({ 'not-served': 1 });
    expect(await removedAt(1_001)).toEqual({ attribute: 5 });
  });

  test.each([
    ['served', notServed],
    ['user-features', byProfile],
    ['seen-items', { rule: 'not-seen' }],
  ])('is not made on a guess where %s was never folded', async (fold, rule) => {
    const of = { ...world, rules: [rule] } as World;
    const parts = await partsOf(of);
    const get = (name: string) => (name === fold ? undefined : parts.generations.get(name));
    const asking = ask(of, { ...parts, generations: { ...parts.generations, get } as Generations });
    await expect(asking).rejects.toThrow(RetryableError);
  });

  test('is not made on a guess while attributes of items are read', async () => {
    const of = { ...world, rules: [byRequest] } as World;
    const parts = await partsOf(of);
    parts.items.lendAttributes(null, () => []);
    await expect(ask(of, parts)).rejects.toThrow('reading attributes of items: brand');
  });
});

describe('a later page', () => {
  test('is of the variant that the first was made in, whatever the user is in by now', async () => {
    const of = { ...world, inExperiment: true };
    const parts = await partsOf(of);
    const first = await ask(of, parts);
    expect(first.said.items.map(({ item_id }) => item_id)).toEqual(['j', 'i']);
    const left = { ...parts, experiments: { assign: () => null } };
    const { said, shown } = await ask(of, left, next(first.said.next_page, parts));
    expect(said.items.map(({ item_id }) => item_id)).toEqual(['h', 'g']);
    expect([said.experiment, said.variant, said.page]).toEqual(['e', 'v', 1]);
    expect([shown?.experiment, shown?.variant, shown?.page]).toEqual(['e', 'v', 1]);
    expect(said.model_version).toBe(first.said.model_version);
  });

  test('reads no list, and is the last where nothing is left', async () => {
    const parts = await partsOf(world);
    const redis = parts.redis as FakeRedis;
    const first = await ask(world, parts);
    const second = await ask(world, parts, next(first.said.next_page, parts));
    redis.roundTrips = 0;
    const third = await ask(world, parts, next(second.said.next_page, parts));
    expect(redis.roundTrips).toBe(0);
    expect(third.said.items.map(({ item_id }) => item_id)).toEqual(['e']);
    expect([third.said.page, third.said.next_page]).toEqual([2, null]);
  });

  test('is not offered in a context that has none', async () => {
    const of = { ...world, pages: false };
    expect((await ask(of, await partsOf(of))).said.next_page).toBeNull();
  });
});
