import { parseArgs } from 'node:util';
import type { ModelDefinition } from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';
import { type OwnItem, ownKeyMark } from '../../models/model.ts';
import { profileOf, sessionGapMs, visitedOnce } from '../../models/profile.ts';
import { visitorKey } from '../../models/visitor-key.ts';
import { interactionsOf, randomOf } from './synthetic.ts';

/** CPU of learning and of lists of the kinds that look for neighbours, and the bytes of their rows. */
const { values: args } = parseArgs({
  options: {
    kind: { type: 'string', default: 'session-neighbours' },
    events: { type: 'string', default: '500000' },
    lists: { type: 'string', default: '3000' },
    retrieval: { type: 'string', default: '{}' },
  },
});
const lists = Number(args.lists);
const kind = kinds.get(args.kind);
if (kind === undefined) throw new Error(`no such kind: ${args.kind}`);
const learning = kind.learningSchema.parse({}) as ModelDefinition['learning'];
const side = kind.itemSide(learning);
const retrieval = kind.retrieval(learning, kind.retrievalSchema.parse(JSON.parse(args.retrieval)));
if (retrieval.shared || kind.userSide === null) throw new Error(`${args.kind} has no neighbours`);

const cpuUs = (work: () => void): number => {
  const started = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(started);
  return user + system;
};

const { userSide } = kind;
const world = { items: null, weights: null };
const rows = new Map<string, unknown>();
const users = new Map<string, { recents: OwnItem[]; session: number; atMs: number }>();
const random = randomOf(2);
const shape = { events: Number(args.events), users: 5_000, items: 20_000 };
const learnedUs = cpuUs(() => {
  let clock = 0;
  let atMs = 1.7e12;
  for (const { user_id, item_id: itemId } of interactionsOf(shape)) {
    clock++;
    atMs += 1_000;
    const user = users.get(user_id) ?? { recents: [], session: 0, atMs: 0 };
    // About eight visits per session: the clock alone would hardly ever end one.
    if (random() < 1 / 8) user.session++;
    const visitor = {
      user: visitorKey(user_id),
      session: visitorKey(`${user_id}\n${user.session}`),
    };
    for (const signal of userSide.signals(itemId, atMs, user.recents, visitor)) {
      const next = side.learn(rows.get(signal.item), signal, { atMs, clock, type: 'view' });
      if (next !== null) rows.set(signal.item, next);
    }
    const others = user.recents.filter((recent) => recent.itemId !== itemId);
    user.recents = [visitedOnce({ itemId, atMs, type: 'view' }), ...others].slice(0, 20);
    users.set(user_id, user);
  }
});

const stored = new Map<string, Buffer>();
const bytes = { items: 0, actors: 0 };
for (const [key, row] of rows) {
  const write = side.rows.encode(row);
  if (!('whole' in write)) continue;
  stored.set(key, write.whole);
  if (key.startsWith(ownKeyMark)) bytes.actors += write.whole.length;
  else bytes.items += write.whole.length;
}
const actors = [...stored.keys()].filter((key) => key.startsWith(ownKeyMark)).length;

const pick = (keys: readonly string[]): Map<string, Buffer> =>
  new Map(keys.map((key) => [key, stored.get(key) ?? Buffer.alloc(0)]));
const profiles = [...users].map(([user, { recents }]) =>
  profileOf(user, recents, (recents[0]?.atMs ?? 0) + sessionGapMs + 1),
);
const us = { figures: 0, rank: 0 };
const found = { heads: 0, headBytes: 0, candidates: 0 };
for (let n = 0; n < lists; n++) {
  const profile = profiles[n % profiles.length];
  if (profile === undefined) break;
  const known = { rows: pick(retrieval.wants(profile)[0] ?? []), heads: new Map(), rankings: [] };
  let figures: readonly string[] = [];
  us.figures += cpuUs(() => {
    figures = retrieval.figures(profile, [known], world)[0] ?? [];
  });
  const heads = pick(figures);
  us.rank += cpuUs(() => {
    found.candidates += retrieval.rank(profile, [{ ...known, heads }], world).length;
  });
  found.heads += figures.length;
  for (const head of heads.values()) found.headBytes += head.length;
}
const per = (sum: number, count: number): string => (sum / count).toFixed(0);
console.log(
  `${args.kind}: learning ${(learnedUs / shape.events).toFixed(2)} us/event with its user side; ` +
    `${rows.size - actors} items of ${per(bytes.items, rows.size - actors)} bytes, ` +
    `${actors} actors of ${per(bytes.actors, actors)} bytes`,
);
console.log(
  `per list: figures ${per(us.figures, lists)} us, rank ${per(us.rank, lists)} us, ` +
    `${per(found.heads, lists)} heads of ${per(found.headBytes, found.heads)} bytes, ` +
    `${per(found.candidates, lists)} candidates`,
);
