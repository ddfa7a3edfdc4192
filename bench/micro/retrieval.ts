import { parseArgs } from 'node:util';
import { coVisits } from '../../models/co-visits/co-visits.ts';
import type { OwnItem } from '../../models/model.ts';
import { profileOf, visitedOnce } from '../../models/profile.ts';
import { visits } from '../../models/visits.ts';
import { interactionsOf } from './synthetic.ts';

/** CPU of one user's co-visits list: ten full rows, their neighbours' heads, 100 candidates. */
const { values: args } = parseArgs({
  options: {
    events: { type: 'string', default: '100000' },
    lists: { type: 'string', default: '5000' },
  },
});
const lists = Number(args.lists);
const learning = coVisits.learningSchema.parse({});
const side = coVisits.itemSide(learning);
const retrieval = coVisits.retrieval(learning, coVisits.retrievalSchema.parse({}));
if (retrieval.shared) throw new Error('co-visits is personal');

const world = { items: null, weights: null };
const nobody = { user: '', session: '' };
const rows = new Map<string, unknown>();
const users = new Map<string, OwnItem[]>();
const shape = { events: Number(args.events), users: 2_500, items: 20_000 };
for (const { user_id, item_id: itemId, occurred_at: atMs } of interactionsOf(shape)) {
  const recents = users.get(user_id) ?? [];
  for (const signal of visits.signals(itemId, atMs, recents, nobody)) {
    const context = { atMs, clock: 0, type: 'view' };
    rows.set(signal.item, side.learn(rows.get(signal.item), signal, context));
  }
  const others = recents.filter((recent) => recent.itemId !== itemId);
  users.set(user_id, [visitedOnce({ itemId, atMs, type: 'view' }), ...others].slice(0, 10));
}
const stored = new Map<string, Buffer>();
for (const [item, row] of rows) {
  const write = side.rows.encode(row);
  if ('whole' in write) stored.set(item, write.whole);
}

const pick = (items: readonly string[]): Map<string, Buffer> =>
  new Map(items.map((item) => [item, stored.get(item) ?? Buffer.alloc(0)]));
const profiles = [...users].map(([user, recents]) => profileOf(user, recents));
const us = { figures: 0, rank: 0 };
let heads = 0;
let candidates = 0;
for (let n = 0; n < lists; n++) {
  const profile = profiles[n % profiles.length];
  if (profile === undefined) break;
  const wanted = pick(retrieval.wants(profile)[0] ?? []);
  const known = { rows: wanted, heads: new Map<string, Buffer>(), rankings: [] };
  const started = process.cpuUsage();
  const figures = retrieval.figures(profile, [known], world)[0] ?? [];
  const between = process.cpuUsage(started);
  const found = pick(figures);
  const again = process.cpuUsage();
  candidates += retrieval.rank(profile, [{ ...known, heads: found }], world).length;
  const after = process.cpuUsage(again);
  us.figures += between.user + between.system;
  us.rank += after.user + after.system;
  heads += figures.length;
}
console.log(
  `per list: figures ${(us.figures / lists).toFixed(0)} us, rank ${(us.rank / lists).toFixed(0)} us, ` +
    `${(heads / lists).toFixed(0)} heads, ${(candidates / lists).toFixed(0)} candidates`,
);
