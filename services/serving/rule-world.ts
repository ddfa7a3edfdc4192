import fc from 'fast-check';

import { currentKey } from '../../lib/stream/current.ts';
import { formatHeader } from '../../lib/stream/header.ts';
import { Generations } from '../../lib/stream/generations.ts';
import { ItemAttributes } from '../../models/item-attributes.ts';
import { ItemTable } from '../../models/item-table.ts';
import type { Item } from '../../schemas/generated/item.ts';
import { encodeCandidates } from '../../schemas/packed/candidates.ts';
import { kindBit, seenHeaderBytes } from '../../schemas/packed/seen-items.ts';
import { servedHeaderBytes, servedLayout } from '../../schemas/packed/served.ts';
import { featuresAt, featuresLayout, withAttributes } from '../../schemas/packed/user-features.ts';
import { current, FakeRedis, seenBytes } from './fakes.ts';
import { foldNames } from './plan.ts';

/** Worlds for tests of the rules: what is true in them, and the same as services store it. */

export const userId = 'u1';
export const contextId = 'home';
export const types = ['view', 'purchase'];
export const dayMs = 86_400_000;
export const nowMs = 1_000 * dayMs;
export const profileNames = ['country'];
export const itemIds = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
export const listPrefix = 'toy_';
export const sharedLearning = 'learning:toy';

const words = ['x', 'y'] as const;
const word = fc.option(fc.constantFrom(...words), { nil: undefined });
const itemId = fc.constantFrom(...itemIds);
const list = fc.shuffledSubarray(itemIds);

const thing = fc.record({
  known: fc.constantFrom(true, true, true, false),
  open: fc.constantFrom(true, true, true, false),
  categories: fc.subarray(['c1', 'c2', 'c3']),
  brand: word,
  seller: fc.constantFrom(undefined, userId, 'other'),
});

const compared = fc.oneof(
  fc.record({ oneOf: fc.subarray([...words], { minLength: 1 }) }),
  fc.constant({ profile: 'country' }),
  fc.constant({ request: 'country' }),
);
const missing = fc.constantFrom({}, { missing: 'keep' }, { missing: 'remove' });
const attribute = fc.constantFrom('brand', 'category');

const rule = fc.oneof(
  fc.record(
    {
      rule: fc.constant('not-seen'),
      kinds: fc.subarray(types, { minLength: 1 }),
      withinDays: fc.integer({ min: 1, max: 20 }),
    },
    { requiredKeys: ['rule'] },
  ),
  fc.constant({ rule: 'available' }),
  fc
    .tuple(attribute, compared, fc.constantFrom('require', 'forbid'), missing)
    .map(([of, with_, how, more]) => ({ rule: 'attribute', attribute: of, [how]: with_, ...more })),
  fc.constant({ rule: 'not-own', attribute: 'seller' }),
  fc.record({
    rule: fc.constant('at-most'),
    items: fc.integer({ min: 1, max: 2 }),
    per: fc.constantFrom('category', { attribute: 'brand' }),
  }),
  fc.record({ rule: fc.constant('not-served'), answers: fc.integer({ min: 1, max: 3 }) }),
);

const sight = fc.record({
  item: itemId,
  type: fc.constantFrom(...types),
  daysAgo: fc.integer({ min: 0, max: 30 }),
});

export const world = fc.record({
  things: fc.tuple(...itemIds.map(() => thing)),
  sights: fc.array(sight, { maxLength: 8 }),
  served: fc.array(fc.subarray(itemIds, { minLength: 1, maxLength: 4 }), { maxLength: 3 }),
  country: word,
  asked: word,
  excluded: fc.subarray(itemIds, { maxLength: 2 }),
  personal: list,
  variant: list,
  shared: list,
  session: fc.oneof(fc.constant([]), list),
  /** Which models, in which order, and which of them of one category. */
  ladder: fc.array(
    fc.record({
      model: fc.constantFrom('personal', 'shared'),
      category: fc.constantFrom(null, null, 'c1'),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  rules: fc.array(rule, { maxLength: 5 }),
  size: fc.integer({ min: 1, max: 5 }),
  atLeast: fc.integer({ min: 1, max: 5 }),
  pages: fc.boolean(),
  inExperiment: fc.boolean(),
  /** Closed after the first page. */
  closes: itemId,
});
export type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

export const thingOf = ({ things }: Pick<World, 'things'>, id: string) =>
  things[itemIds.indexOf(id)];

export const itemOf = (of: Pick<World, 'things'>, id: string): Item | null => {
  const { known, open, categories, brand, seller } = thingOf(of, id) ?? { known: false };
  if (!known) return null;
  const attributes: Record<string, string> = {};
  if (brand !== undefined) attributes['brand'] = brand;
  if (seller !== undefined) attributes['seller'] = seller;
  return {
    item_id: id,
    title: '',
    categories: categories ?? [],
    attributes,
    available_from: null,
    available_until: open === true ? null : nowMs,
  };
};

/** What serving has in memory. */
export function itemsOf(of: Pick<World, 'things'>): ItemTable {
  const table = new ItemTable();
  const attributes = new ItemAttributes(['brand', 'seller']);
  for (const id of itemIds) {
    table.take(id, itemOf(of, id));
    attributes.take(id, itemOf(of, id));
  }
  table.lendAttributes(attributes, () => [7]);
  return table;
}

/** What services keep in Redis. */
export async function storeOf(of: World): Promise<{ redis: FakeRedis; generations: Generations }> {
  const redis = new FakeRedis();
  const generations = new Generations(redis, {
    prefixOf: () => 'p',
    ageMsMax: 0,
    clockMs: () => 0,
  });
  const { seen, served, features, candidates } = foldNames;
  const pointers = [
    current(seen, 's', 'user'),
    current(served, 'v', 'user'),
    current(features, 'f', 'user'),
    current(candidates, 'c', 'user'),
    current(sharedLearning, 'l', 'item'),
  ];
  for (const pointer of pointers)
    redis.values.set(currentKey('p', pointer.name), Buffer.from(JSON.stringify(pointer)));
  await generations.read(pointers.map(({ name }) => name));
  const header = { offsets: [42], hashes: ['x'], marks: [[]], newestMs: [-1] };
  const put = (fold: string, row: Buffer): void => {
    const generation = generations.get(fold);
    if (generation === undefined) throw new Error(`no ${fold}`);
    redis.values.set(generation.header(userId), Buffer.from(formatHeader(header)));
    redis.values.set(generation.row(userId), row);
  };
  if (of.sights.length > 0) put(seen, seenRow(of));
  if (of.served.length > 0) put(served, servedRow(of));
  put(features, featuresRow(of));
  const key = generations.get(candidates)?.row(listPrefix + userId, userId) ?? '';
  redis.values.set(key, listRow(of.personal));
  const variant = generations.get(candidates)?.row(`variant_${userId}`, userId) ?? '';
  redis.values.set(variant, listRow(of.variant));
  return { redis, generations };
}

const listRow = (ids: readonly string[]): Buffer =>
  encodeCandidates({
    profileOffset: 40,
    computedAtMs: nowMs - 1_000,
    newestAtMs: nowMs - 5_000,
    candidates: ids.map((id, index) => ({ itemId: id, score: 1 / (index + 1) })),
  });

/** Per item all kinds, and the last time by any of them, newest first. */
const seenRow = ({ sights }: World): Buffer => {
  const own = Map.groupBy(sights, ({ item }) => item);
  const entries = [...own].map(([id, all]) => ({
    id,
    atMs: nowMs - Math.min(...all.map(({ daysAgo }) => daysAgo)) * dayMs,
    kinds: all.reduce((bits, { type }) => bits | kindBit(types, type), 0),
  }));
  entries.sort((a, b) => b.atMs - a.atMs);
  const rows = entries.map(({ id, ...seen }) => seenBytes([id], seen));
  const [head] = rows;
  if (head === undefined) throw new Error('nothing was seen');
  return Buffer.concat([
    head.subarray(0, seenHeaderBytes),
    ...rows.map((row) => row.subarray(seenHeaderBytes)),
  ]);
};

const idBytes = (id: string): Buffer => Buffer.concat([Buffer.from([id.length]), Buffer.from(id)]);

const servedRow = ({ served }: World): Buffer => {
  const head = Buffer.alloc(servedHeaderBytes);
  head[0] = servedLayout;
  const answers = served.map((items) =>
    Buffer.concat([Buffer.from([items.length]), ...items.map(idBytes)]),
  );
  return Buffer.concat([head, idBytes(contextId), Buffer.from([answers.length]), ...answers]);
};

const featuresRow = ({ country }: World): Buffer => {
  const row = Buffer.alloc(featuresAt.counts);
  row[0] = featuresLayout;
  return country === undefined
    ? row
    : withAttributes([{ name: 0, at: 1, value: Buffer.from(country) }], row);
};
