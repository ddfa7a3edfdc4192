import { parseArgs } from 'node:util';

import { currentKey } from '../../lib/stream/current.ts';
import { Generations } from '../../lib/stream/generations.ts';
import { formatHeader } from '../../lib/stream/header.ts';
import { type ContextDefinition, parseContext } from '../../models/definitions.ts';
import { ItemAttributes } from '../../models/item-attributes.ts';
import { ItemTable } from '../../models/item-table.ts';
import { LearnedReads } from '../../retrieval/learned-reads.ts';
import { LearnedWeights } from '../../retrieval/learned-weights.ts';
import type { PersonalModel } from '../../retrieval/personal-models.ts';
import type { Item } from '../../schemas/generated/item.ts';
import { encodeCandidates } from '../../schemas/packed/candidates.ts';
import { featuresAt, featuresLayout, withAttributes } from '../../schemas/packed/user-features.ts';
import { noteShown } from '../../services/served/served.ts';
import { answerBatch, type AnsweringParts } from '../../services/serving/answering.ts';
import {
  current,
  FakeRedis,
  readBounds,
  requestRecord,
  seenBytes,
} from '../../services/serving/fakes.ts';
import { PageTokens } from '../../services/serving/page-token.ts';
import { foldNames } from '../../services/serving/plan.ts';
import { Rankings } from '../../services/serving/rankings.ts';
import { replyOf } from '../../services/serving/reply.ts';
import type { Accepted } from '../../services/serving/request.ts';
import { randomOf } from './synthetic.ts';

/**
 * CPU of one answer of 20 items from a list of 100, with the rules there were first, with all of
 * them, and with pages: Redis is a map, so that what is left is what serving itself does.
 *
 *   node bench/micro/answer.ts [--answers 2000] [--rounds 15] [--seen 100]
 */
const { values: args } = parseArgs({
  options: {
    answers: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '15' },
    seen: { type: 'string', default: '100' },
  },
});
const answers = Number(args.answers);
const rounds = Number(args.rounds);
const random = randomOf(1);
const users = 500;
const itemsCount = 20_000;
const nowMs = 1_700_000_000_000;
const types = ['view', 'purchase'];
const prefix = 'bench';
const batchSize = 50;
const listPrefix = 'toy_';

const anyItem = (): string => `item-${10_000 + Math.floor(random() * itemsCount)}`;
const some = (count: number): string[] => [
  ...new Set(Array.from({ length: count }, () => anyItem())),
];

const itemOf = (itemId: string): Item => ({
  item_id: itemId,
  title: '',
  categories: [`category-${Math.floor(random() * 100)}`],
  attributes: {
    brand: `brand-${Math.floor(random() * 300)}`,
    country: random() < 0.9 ? 'France' : 'Spain',
    seller: `user-${Math.floor(random() * users)}`,
  },
  available_from: null,
  available_until: null,
});

const itemTable = (): ItemTable => {
  const table = new ItemTable();
  const attributes = new ItemAttributes(['brand', 'country', 'seller']);
  for (let n = 0; n < itemsCount; n++) {
    const id = `item-${10_000 + n}`;
    const item = itemOf(id);
    table.take(id, item);
    attributes.take(id, item);
  }
  table.lendAttributes(attributes, () => [itemsCount]);
  return table;
};

const model = {
  kind: 'personal',
  modelKind: 'toy',
  version: 'toy@000000000001',
  learned: [],
  ageMsMax: 1e12,
  listPrefix,
} as unknown as PersonalModel;

const featuresRow = (): Buffer => {
  const row = Buffer.alloc(featuresAt.counts);
  row[0] = featuresLayout;
  row.writeUIntLE(nowMs, featuresAt.lastSeen, 6);
  return withAttributes([{ name: 0, at: 1, value: Buffer.from('France') }], row);
};

const fill = (redis: FakeRedis, generations: Generations): void => {
  const header = Buffer.from(
    formatHeader({ offsets: [42], hashes: ['x'], marks: [[]], newestMs: [nowMs] }),
  );
  const put = (fold: string, user: string, { row, key = user }: { row: Buffer; key?: string }) => {
    const generation = generations.get(fold);
    if (generation === undefined) throw new Error(`no ${fold}`);
    redis.values.set(generation.header(user), header);
    redis.values.set(generation.row(key, user), row);
  };
  for (let n = 0; n < users; n++) {
    const user = `user-${n}`;
    put(foldNames.seen, user, {
      row: seenBytes(some(Number(args.seen)), { atMs: nowMs, kinds: 1 }),
    });
    let served: Buffer | undefined;
    for (let at = 0; at < 5; at++)
      served = noteShown(
        served,
        { context: 'home', items: some(20), atMs: nowMs, isNextPage: false },
        { answersMax: 5, contextsMax: 8 },
      );
    if (served !== undefined) put(foldNames.served, user, { row: served });
    put(foldNames.features, user, { row: featuresRow() });
    const candidates = some(100).map((itemId, at) => ({ itemId, score: 1 / (at + 1) }));
    const times = { profileOffset: 40, computedAtMs: nowMs, newestAtMs: nowMs };
    put(foldNames.candidates, user, {
      row: encodeCandidates({ ...times, candidates }),
      key: listPrefix + user,
    });
  }
};

const partsOf = async (): Promise<AnsweringParts> => {
  const redis = new FakeRedis();
  const generations = new Generations(redis, {
    prefixOf: () => prefix,
    ageMsMax: 0,
    clockMs: () => 0,
  });
  const pointers = [
    current(foldNames.seen, 's', 'user'),
    current(foldNames.served, 'v', 'user'),
    current(foldNames.features, 'f', 'user'),
    current(foldNames.candidates, 'c', 'user'),
  ];
  for (const pointer of pointers)
    redis.values.set(currentKey(prefix, pointer.name), Buffer.from(JSON.stringify(pointer)));
  await generations.read(pointers.map(({ name }) => name));
  fill(redis, generations);
  return {
    redis,
    generations,
    reads: new LearnedReads(redis, readBounds),
    weights: new LearnedWeights(),
    models: { get: () => model },
    experiments: { assign: () => null },
    rankings: new Rankings(1_000),
    items: itemTable(),
    itemOffsets: () => [itemsCount],
    types,
    profileAttributes: ['country'],
    pages: new PageTokens({ key: null, prefix }),
    nowMs: () => nowMs,
    monotonicMs: () => 0,
  };
};

const contextOf = (rules: readonly object[], pages = false): ContextDefinition => {
  const parsed = parseContext(
    JSON.stringify({
      context: 'home',
      size: 20,
      rules,
      ...(pages ? { pages } : {}),
      ladder: [{ step: 'personal', model: model.version }],
    }),
  );
  if (!parsed.ok) throw new Error(parsed.faults.join());
  return parsed.value;
};

const acceptedOf = (definition: ContextDefinition, n: number): Accepted => ({
  kind: 'accepted',
  record: requestRecord(),
  reply: replyOf({}),
  request: {
    user_id: `user-${n % users}`,
    context_id: 'home',
    count: null,
    exclude: [],
    session: [],
    deadline_at: null,
    attributes: { country: 'France' },
    page_token: null,
    consent: true,
  },
  context: { version: 'home@0123456789ab', revision: 1, definition },
  wanted: definition.size,
  deadlineMs: null,
  page: null,
});

interface Measured {
  readonly name: string;
  readonly definition: ContextDefinition;
  us: number;
  items: number;
  removed: number;
}

const run = async (one: Measured, parts: AnsweringParts): Promise<void> => {
  let [items, removed] = [0, 0];
  const started = process.cpuUsage();
  for (let n = 0; n < answers; n += batchSize) {
    const batch = Array.from({ length: batchSize }, (_, at) => acceptedOf(one.definition, n + at));
    for (const { answered } of await answerBatch(batch, parts)) {
      items += answered.items.length;
      removed += Object.values(answered.removed).reduce((sum, count) => sum + count, 0);
    }
  }
  const { user, system } = process.cpuUsage(started);
  one.us = Math.min(one.us, (user + system) / answers);
  one.items = items / answers;
  one.removed = removed / answers;
};

/** In turns, and the best of each: what else runs on the machine takes from all of them. */
const measure = async (of: Readonly<Record<string, ContextDefinition>>): Promise<void> => {
  const parts = await partsOf();
  const all = Object.entries(of).map(
    ([name, definition]): Measured => ({ name, definition, us: Infinity, items: 0, removed: 0 }),
  );
  for (let round = 0; round < rounds; round++) for (const one of all) await run(one, parts);
  for (const { name, us, items, removed } of all)
    console.log(
      `${name.padEnd(28)} ${us.toFixed(1)} us per answer of ${items.toFixed(1)} items, ${removed.toFixed(1)} removed`,
    );
};

const first = [{ rule: 'not-seen' }, { rule: 'available' }];
const country = { rule: 'attribute', attribute: 'country' };
const byAttributes = [
  { ...country, require: { profile: 'country' } },
  { ...country, forbid: { oneOf: ['Italy'] } },
  { rule: 'not-own', attribute: 'seller' },
];
const ofAnswer = [
  { rule: 'at-most', items: 3, per: 'category' },
  { rule: 'at-most', items: 2, per: { attribute: 'brand' } },
];
const notServed = [{ rule: 'not-served', answers: 5 }];

await measure({
  'the list alone': contextOf([]),
  'seen and available': contextOf(first),
  'and attributes': contextOf([...first, ...byAttributes]),
  'and at most': contextOf([...first, ...ofAnswer]),
  'and not served': contextOf([...first, ...notServed]),
  all: contextOf([...first, ...byAttributes, ...ofAnswer, ...notServed]),
  'seen, available and pages': contextOf(first, true),
});
