import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { kinds } from '../kinds.ts';
import type { ItemSide, OwnItem, Signal } from '../model.ts';
import { visitedOnce } from '../profile.ts';
import { sameSession, visitedOther, visits } from '../visits.ts';
import { type Learning, learningSchema } from './config.ts';
import type { Ladder } from './ladder.ts';
import { column, columnsAt } from './layout.ts';
import type { Neighbourhood } from './neighbourhood.ts';
import { Pairs } from './pairs.ts';
import { readRow } from './stored-row.ts';

const kind = kinds.get('blend');
if (kind === undefined) throw new Error('no blend');
const sideOf = (learning: Partial<Learning> = {}) =>
  kind.itemSide(learningSchema.parse(learning)) as ItemSide<Neighbourhood, Ladder>;
const nobody = { user: '', session: '' };
const hourMs = 3_600_000;

type Visit = readonly [user: string, item: string];

/** Folds visits an hour and a half apart per ten, so that some pairs share a session. */
const learn = (log: readonly Visit[], learning: Partial<Learning> = {}) => {
  const side = sideOf(learning);
  const rows = new Map<string, Neighbourhood>();
  const ladder = side.ranking?.empty() as Ladder;
  const users = new Map<string, OwnItem[]>();
  const taught: Signal[] = [];
  for (const [clock, [user, itemId]] of log.entries()) {
    const atMs = 1.7e12 + clock * 600_000 + Math.floor(clock / 10) * 1.5 * hourMs;
    const recents = users.get(user) ?? [];
    for (const signal of visits.signals(itemId, atMs, recents, nobody)) {
      taught.push(signal);
      const row = side.learn(rows.get(signal.item), signal, { atMs, clock, type: 'view' });
      if (row === null) continue;
      rows.set(signal.item, row);
      side.ranking?.place(ladder, signal.item, row);
    }
    const others = recents.filter((own) => own.itemId !== itemId);
    users.set(user, [visitedOnce({ itemId, atMs, type: 'view' }), ...others].slice(0, 10));
  }
  const stored = new Map<string, Buffer>();
  for (const [item, row] of rows) {
    const write = side.rows.encode(row);
    if ('whole' in write) stored.set(item, write.whole);
  }
  return { rows, stored, ladder, taught };
};

/** What a stored row says of a neighbour, by column. */
const cellsOf = (bytes: Buffer | undefined): Map<string, number[]> => {
  const row = readRow(bytes);
  const cells = new Map<string, number[]>();
  if (row === null) return cells;
  const pairs = new Pairs([row]);
  for (let pair = 0; pair < pairs.count; pair++) {
    const at = pairs.pairAt[pair] as number;
    const counts = Array.from(row.floats.subarray(at, at + column.fading));
    cells.set(pairs.idOf(pairs.pairOf[pair] as number), counts);
  }
  return cells;
};

const visit = fc.tuple(
  fc.integer({ min: 0, max: 3 }).map((n) => `u${n}`),
  fc.oneof(
    fc.integer({ min: 0, max: 15 }).map((n) => `item-${n}`),
    fc.constant('größer'),
  ),
);

describe('an item side', () => {
  test('counts every pair as a plain count of the signals does', () => {
    fc.assert(
      fc.property(fc.array(visit, { maxLength: 120 }), (log) => {
        const { stored, taught } = learn(log);
        const plain = new Map<string, Map<string, number[]>>();
        for (const { item, others, notes } of taught) {
          const row = plain.get(item) ?? new Map<string, number[]>();
          plain.set(item, row);
          for (const [index, other] of others.entries()) {
            const note = notes[index] as number;
            const steps = note & 0x3f;
            const cell = row.get(other) ?? [0, 0, 0, 0, 0];
            row.set(other, cell);
            const add = (of: number, value: number): void =>
              void (cell[of] = Math.fround((cell[of] as number) + value));
            add(column.near, 1 / (1 + (steps - 1) / 5));
            if ((note & sameSession) !== 0) add(column.session, 1);
            const isAfter = (note & visitedOther) !== 0 || other === item;
            if (isAfter && steps <= 10) add(column.after, 1 / steps);
            if (isAfter && steps === 1) add(column.next, 1);
          }
        }
        for (const [item, row] of plain) {
          const cells = cellsOf(stored.get(item));
          expect(new Set(cells.keys())).toEqual(new Set(row.keys()));
          for (const [other, cell] of row) {
            // The fading column has a property of its own, below.
            const known = cells.get(other)?.with(column.nextFading, 0);
            expect(known).toEqual(cell);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('keeps no more neighbours than it may, and those paired of late', () => {
    const log = Array.from({ length: 400 }, (_, n) => [`u${n}`, `item-${n}`] as const);
    const pairs = log.flatMap(([user, item]): Visit[] => [
      [user, 'hub'],
      [user, item],
    ]);
    const cells = cellsOf(learn(pairs, { neighboursMax: 50 }).stored.get('hub'));
    expect([...cells.keys()].toSorted()).toEqual(
      Array.from({ length: 50 }, (_, n) => `item-${350 + n}`).toSorted(),
    );
  });

  test('stays finite, and remembers what is new, after very many pairs', () => {
    const log = Array.from({ length: 60_000 }, (_, n): Visit => [`u${n >> 1}`, n % 2 ? 'b' : 'a']);
    const { stored } = learn([...log, ['u', 'a'], ['u', 'c']]);
    const row = readRow(stored.get('a'));
    const pairs = new Pairs([row]);
    const scale = row?.bytes.readDoubleLE(16) ?? 0;
    expect(scale).toBeLessThan(2 ** 33);
    const fadings = new Map(
      Array.from({ length: pairs.count }, (_, pair) => {
        const fading = row?.floats[(pairs.pairAt[pair] as number) + column.fading] ?? 0;
        return [pairs.idOf(pairs.pairOf[pair] as number), fading / scale];
      }),
    );
    // One per pair, halved per 1,000 pairs: 1 / (1 - 2^-0.001), about 1,443.
    expect(fadings.get('b')).toBeCloseTo(1_443, -1);
    expect(fadings.get('c')).toBeCloseTo(1, 2);
    expect(columnsAt).toBe(4);
  });

  test('teaches nothing by types of weight 0', () => {
    const side = sideOf({ typeWeights: { view: 0 } });
    const context = { atMs: 1, clock: 1, type: 'view' };
    expect(side.learn(undefined, { item: 'a', others: [], notes: [] }, context)).toBeNull();
  });
});

describe('a ladder', () => {
  test('holds the top of every rung exactly', () => {
    fc.assert(
      fc.property(fc.array(visit, { minLength: 1, maxLength: 200 }), (log) => {
        const { ladder } = learn(log, { rankedItemsMax: 10 });
        for (const [rung, halfLife] of [300, 3_000, 30_000, Number.POSITIVE_INFINITY].entries()) {
          const weights = new Map<string, number>();
          for (const [clock, [, item]] of log.entries())
            weights.set(item, (weights.get(item) ?? 0) + 2 ** (clock / halfLife));
          const top = [...weights.values()].toSorted((a, b) => b - a).slice(0, 10);
          const held = ladder.rungs[rung]?.weights ?? [];
          expect(held.length).toBe(top.length);
          for (const [place, weight] of held.entries())
            expect(weight).toBeCloseTo(Math.log2(top[place] as number), 6);
          for (const [place, item] of (ladder.rungs[rung]?.items ?? []).entries())
            expect(held[place]).toBeCloseTo(Math.log2(weights.get(item) ?? 0), 6);
        }
        expect(ladder.visits).toBe(log.length);
      }),
      { numRuns: 40 },
    );
  });
});

test('what is learned of a fixed log is that of revision 1', () => {
  const log = Array.from(
    { length: 500 },
    (_, n): Visit => [`u${(n * 7) % 13}`, `item-${(n * n + 3 * n) % 37}`],
  );
  const { stored, ladder } = learn(log, { neighboursMax: 16 });
  const hash = createHash('sha256');
  for (const [item, bytes] of [...stored].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(item).update(bytes);
  const write = sideOf().ranking?.encode(ladder);
  if (write !== undefined && 'whole' in write) hash.update(write.whole);
  // Another hash is another result: raise the kind's revision with it.
  expect(`${kind.revision} ${hash.digest('hex').slice(0, 16)}`).toBe('1 6dfb4084226e4392');
});

test('a forgotten item gives up its place in the ladder when it is visited anew', () => {
  const side = sideOf();
  const rows = new Map<string, Neighbourhood>();
  const ladder = side.ranking?.empty() as Ladder;
  const visited = (item: string, clock: number): void => {
    const signal = { item, others: [], notes: [] };
    const context = { atMs: 1.7e12, clock, type: 'view' };
    const row = side.learn(rows.get(item), signal, context) as Neighbourhood;
    rows.set(item, row);
    side.ranking?.place(ladder, item, row);
  };
  for (const [clock, item] of ['a', 'a', 'a', 'b', 'b', 'c', 'a'].entries()) visited(item, clock);
  const everOf = () => ladder.rungs.at(-1);
  expect(everOf()?.items).toEqual(['a', 'b', 'c']);
  rows.delete('a');
  expect(everOf()?.weights).toEqual([2, 1, 0]);
  visited('a', 7);
  expect(everOf()).toEqual({ items: ['b', 'a', 'c'], weights: [1, 0, 0] });
});

test('an item lasts from its newest visit, whatever it is paired with later', () => {
  const side = sideOf({ typeWeights: { view: 0 } });
  const at = (atMs: number, type: string) => ({ atMs, clock: 1, type });
  const paired = { item: 'a', others: ['b'], notes: [visitedOther | 1] };
  const lastOf = (row: Neighbourhood | null) => row && side.lastMs?.(row);
  const alone = side.learn(undefined, paired, at(5_500, 'buy'));
  expect(lastOf(alone)).toBe(5_999);
  const own = { item: 'a', others: [], notes: [] };
  const visited = side.learn(alone ?? undefined, own, at(9_000, 'buy'));
  expect(lastOf(side.learn(visited ?? undefined, paired, at(70_000, 'buy')))).toBe(9_999);
  expect(side.learn(visited ?? undefined, own, at(80_000, 'view'))).toBeNull();
});
