import { parseArgs } from 'node:util';

import { again } from '../../models/again/again.ts';
import { content } from '../../models/content/content.ts';
import { ItemTable } from '../../models/item-table.ts';
import type { ModelKind, OwnItem, PersonalRetrieval, Profile } from '../../models/model.ts';
import { profileOf } from '../../models/profile.ts';
import type { Item } from '../../schemas/generated/item.ts';
import { randomOf, zipf } from './synthetic.ts';

/**
 * CPU of one user's list by kinds that learn nothing, and what items cost in memory: titles of
 * about eight words by Zipf's law, one of a hundred categories. Run with --expose-gc for the bytes.
 */
const { values: args } = parseArgs({
  options: {
    items: { type: 'string', default: '20000' },
    lists: { type: 'string', default: '2000' },
    recents: { type: 'string', default: '50' },
  },
});
const items = Number(args.items);
const lists = Number(args.lists);
const random = randomOf(1);
const word = zipf(10_000, 1, random);
const startMs = 1_700_000_000_000;
const dayMs = 86_400_000;

const itemOf = (n: number): Item => ({
  item_id: `item${n}`,
  title: Array.from({ length: 4 + Math.floor(random() * 9) }, () => `word${word()}`).join(' '),
  categories: [`category${Math.floor(random() * 100)}`],
  attributes: {},
  available_from: null,
  available_until: null,
});

const heldBytes = (): number => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
const cpuUs = (work: () => void): number => {
  const started = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(started);
  return user + system;
};

const filled = (table: ItemTable, name: string): ItemTable => {
  const records = Array.from({ length: items }, (_, n) => itemOf(n));
  const before = heldBytes();
  const us = cpuUs(() => {
    for (const [n, item] of records.entries()) table.take(`item${n}`, item, startMs + n);
  });
  const bytes = (heldBytes() - before) / items;
  console.log(`${name}: ${(us / items).toFixed(1)} us and ${bytes.toFixed(0)} bytes per item`);
  return table;
};

const profiles = Array.from({ length: 500 }, (_, user): Profile => {
  const recents = Array.from({ length: Number(args.recents) }, (_, n): OwnItem => {
    const atMs = startMs - n * dayMs;
    const visits = 1 + Math.floor(random() * 4);
    const itemId = `item${Math.floor(random() * items)}`;
    return { itemId, atMs, type: 'view', visits, firstAtMs: atMs - (visits - 1) * 9 * dayMs };
  });
  return profileOf(`u${user}`, recents);
});

const rankAll = (kind: ModelKind<unknown, unknown>, table: ItemTable): void => {
  const config = kind.retrievalSchema.parse({});
  const retrieval = kind.retrieval({}, config) as PersonalRetrieval;
  const world = { items: table, weights: null };
  let candidates = 0;
  const rank = (): void => {
    for (let n = 0; n < lists; n++)
      candidates += retrieval.rank(profiles[n % profiles.length] as Profile, [], world).length;
  };
  rank();
  candidates = 0;
  const us = cpuUs(rank) / lists;
  console.log(
    `${kind.kind}: ${us.toFixed(0)} us per list of ${(candidates / lists).toFixed(0)} candidates`,
  );
};

filled(new ItemTable(), 'items for rules');
const described = filled(new ItemTable({ terms: {} }), 'items with terms');
console.log(`${described.terms?.distinctTerms} terms, ${described.terms?.meanTerms} per item`);
rankAll(again, described);
rankAll(content, described);
const withdrawnUs = cpuUs(() => {
  for (let n = 0; n < items; n += 2) described.take(`item${n}`, null);
});
console.log(`withdrawn: ${((2 * withdrawnUs) / items).toFixed(1)} us per item`);
