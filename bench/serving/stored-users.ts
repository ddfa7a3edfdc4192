import { monotonicMs } from '../../lib/clock.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { currentKey } from '../../lib/stream/current.ts';
import { Generations } from '../../lib/stream/generations.ts';
import { formatHeader } from '../../lib/stream/header.ts';
import { modelVersion, parseModel } from '../../models/definitions.ts';
import { ItemAttributes } from '../../models/item-attributes.ts';
import { ItemTable } from '../../models/item-table.ts';
import { kinds } from '../../models/kinds.ts';
import { LearnedReads } from '../../retrieval/learned-reads.ts';
import { LearnedWeights } from '../../retrieval/learned-weights.ts';
import { encodeCandidates, listPrefix } from '../../schemas/packed/candidates.ts';
import { seenEntryBytes, seenHeaderBytes, seenLayout } from '../../schemas/packed/seen-items.ts';
import type { AnsweringParts } from '../../services/serving/answering.ts';
import { ServedModels } from '../../services/serving/models.ts';
import { PageTokens } from '../../services/serving/page-token.ts';
import { foldNames } from '../../services/serving/plan.ts';
import { Rankings } from '../../services/serving/rankings.ts';
import { randomOf } from '../micro/synthetic.ts';
import { good } from './good.ts';

const prefix = 'bench';
export const nowMs = 1_700_000_000_000;
const types = ['view', 'purchase'];
export const usersCount = 500;
const itemsCount = 5_000;

export const userOf = (n: number): string => `user-${n}`;
const itemOf = (n: number): string => `item-${n}`;

type StoredParts = Omit<AnsweringParts, 'experiments'>;

/** Two versions with lists for every user, and what each user has seen. */
export async function stage(): Promise<{
  readonly versions: readonly string[];
  readonly parts: StoredParts;
}> {
  const values = new Map<string, Buffer>();
  const redis: Pick<RedisPort, 'mgetMany' | 'getRanges' | 'getString'> = {
    mgetMany: async (groups) => groups.map((keys) => keys.map((key) => values.get(key) ?? null)),
    getRanges: async (ranges) => ranges.map(() => Buffer.alloc(0)),
    getString: async (key) => values.get(key)?.toString() ?? null,
  };
  const generations = new Generations(redis, {
    prefixOf: () => prefix,
    ageMsMax: 0,
    clockMs: monotonicMs,
  });
  const folds = [foldNames.seen, foldNames.candidates];
  for (const [at, name] of folds.entries()) {
    const common = {
      hash: `${name}-hash`,
      id4: `abc${at}`,
      lineage: 'lineage-0001',
      partitions: 4,
    };
    const pointer = { ...common, name, code: at === 0 ? 's' : 'c', family: 'user' };
    values.set(currentKey(prefix, name), Buffer.from(JSON.stringify(pointer)));
  }
  await generations.read(folds);
  const made = [5, 10].map((recentItemsMax) =>
    modelVersion(
      good(
        parseModel(
          JSON.stringify({ model: 'co-visits', kind: 'co-visits', retrieval: { recentItemsMax } }),
          kinds,
        ),
      ),
    ),
  );
  const models = new ServedModels(kinds);
  models.follow(
    new Map(made.map(({ version, definition }) => [version, { version, revision: 1, definition }])),
  );
  store(
    values,
    generations,
    made.map(({ version }) => version),
  );
  const parts: StoredParts = {
    redis,
    reads: new LearnedReads(redis, {
      rowsBytesMax: 1_000_000,
      figuresAgeMsMax: 1_000,
      figuresMax: 1_000,
      rankingAgeMsMax: 1_000,
    }),
    weights: new LearnedWeights(),
    models,
    generations,
    rankings: new Rankings(1_000),
    items: itemTable(),
    itemOffsets: () => [itemsCount],
    types,
    profileAttributes: [],
    pages: new PageTokens({ key: null, prefix }),
    nowMs: () => nowMs,
    monotonicMs,
  };
  return { versions: made.map(({ version }) => version), parts };
}

function store(
  values: Map<string, Buffer>,
  generations: Generations,
  versions: readonly string[],
): void {
  const random = randomOf(3);
  const seen = generations.get(foldNames.seen);
  const lists = generations.get(foldNames.candidates);
  if (seen === undefined || lists === undefined) throw new Error('no generations');
  const header = { offsets: [42], hashes: ['x'], marks: [[]], newestMs: [nowMs] };
  for (let n = 0; n < usersCount; n++) {
    const user = userOf(n);
    const list = new Set<string>();
    while (list.size < 100) list.add(itemOf(Math.floor(random() * itemsCount)));
    const had = [...list].filter(() => random() < 0.3);
    while (had.length < 100) had.push(itemOf(Math.floor(random() * itemsCount)));
    values.set(seen.header(user), Buffer.from(formatHeader(header)));
    values.set(seen.row(user), seenRow(had));
    for (const version of versions)
      values.set(
        lists.row(listPrefix(version) + user, user),
        encodeCandidates({
          profileOffset: 40,
          computedAtMs: nowMs - 1_000,
          newestAtMs: nowMs - 5_000,
          candidates: [...list].map((itemId, at) => ({ itemId, score: 1 / (at + 1) })),
        }),
      );
  }
}

const seenRow = (ids: readonly string[]): Buffer => {
  const head = Buffer.alloc(seenHeaderBytes);
  head[0] = seenLayout;
  const entries = ids.map((id) => {
    const entry = Buffer.alloc(seenEntryBytes);
    entry.writeUInt32LE(nowMs / 1_000 - 60);
    entry[4] = 2;
    entry[5] = id.length;
    return Buffer.concat([entry, Buffer.from(id)]);
  });
  return Buffer.concat([head, ...entries]);
};

function itemTable(): ItemTable {
  const items = new ItemTable();
  const attributes = new ItemAttributes(['brand', 'seller']);
  for (let n = 0; n < itemsCount; n++) {
    const item = {
      item_id: itemOf(n),
      title: '',
      categories: [`c${n % 50}`],
      attributes: { brand: `b${n % 40}`, seller: userOf(n % 1_000) },
      available_from: null,
      available_until: null,
    };
    items.take(item.item_id, item);
    attributes.take(item.item_id, item);
  }
  items.lendAttributes(attributes, () => [itemsCount]);
  return items;
}
