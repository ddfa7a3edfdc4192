import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Signal, SignalContext } from '../model.ts';
import { actorKey, actorOf, ownOf, slotKey, slotOf, slotsMax, userOf } from './actors.ts';
import { type NeighbourLearning, neighbourSide } from './item-side.ts';
import {
  actorBytesMax,
  cellBytes,
  headBytes,
  itemHeadBytes,
  packWeight,
  weights,
} from './layout.ts';
import { passages } from './passages.ts';
import { Ring } from './ring.ts';
import type { Row } from './rows.ts';
import { Visited } from './visited.ts';

const startMs = 1.7e12;
const bounds: NeighbourLearning = {
  sort: 's',
  actorsPerItemMax: 6,
  actorsMax: slotsMax,
  itemsMax: 5,
  renews: false,
  typeWeights: {},
};

interface Visit {
  readonly item: string;
  readonly session: string;
  readonly second: number;
  readonly type?: string;
}

const userIn = (session: string): string => `user of ${session}`;

/** Folds visits into rows, with their stored form between any two where `cut` says so. */
const fold = (
  log: readonly Visit[],
  learning: Partial<NeighbourLearning> = {},
  cut: (n: number) => boolean = () => false,
): Map<string, Row> => {
  const side = neighbourSide({ ...bounds, ...learning });
  const rows = new Map<string, Row>();
  const stored = new Map<string, Buffer>();
  const learn = (signal: Signal, context: SignalContext): void => {
    const next = side.learn(rows.get(signal.item), signal, context);
    if (next !== null) rows.set(signal.item, next);
  };
  for (const [n, { item, session, second, type = 'view' }] of log.entries()) {
    const atMs = startMs + second * 1000;
    const visitor = { session, user: userIn(session) };
    for (const signal of passages.signals(item, atMs, [], visitor))
      learn(signal, { atMs, clock: n, type });
    if (!cut(n)) continue;
    for (const [key, row] of rows) {
      const write = side.rows.encode(row);
      const before = stored.get(key);
      if ('whole' in write) stored.set(key, write.whole);
      else
        for (const { at, bytes } of write.patches) {
          expect(at + bytes.length).toBeLessThanOrEqual(before?.length ?? 0);
          bytes.copy(before as Buffer, at);
        }
      rows.set(key, side.rows.decode(stored.get(key) as Buffer));
    }
  }
  return rows;
};

const bytesOf = (row: Row): Buffer => {
  if (row instanceof Ring) row.writeHead();
  return row.bytes.subarray(0, row instanceof Ring ? row.bytes.length : row.length);
};
const cellsOf = (row: Row | undefined): { own: number; second: number }[] => {
  if (!(row instanceof Ring)) return [];
  return Array.from({ length: row.used }, (_, n) => {
    const at = headBytes + n * cellBytes;
    const second = row.bytes.readUInt32LE(at + 8) - startMs / 1000;
    return { own: row.bytes.readUInt32LE(at + 4), second };
  });
};
const rowOf = (rows: ReadonlyMap<string, Row>, session: string): Row | undefined =>
  rows.get(slotKey('s', slotOf(ownOf(session))));
const itemsOf = (row: Row | undefined): { id: string; weight: number }[] => {
  const items: { id: string; weight: number }[] = [];
  if (!(row instanceof Visited)) return items;
  for (let at = headBytes; at < row.length; ) {
    const end = at + itemHeadBytes + (row.bytes[at + 1] as number);
    const id = row.bytes.toString('utf8', at + itemHeadBytes, end);
    items.push({ id, weight: weights[row.bytes[at] as number] as number });
    at = end;
  }
  return items;
};
const idsOf = (row: Row | undefined): string[] => itemsOf(row).map(({ id }) => id);

/** Two sessions whose rows lie in one slot. */
const neighboursInSlot = (): readonly [string, string] => {
  const known = new Map<number, string>();
  for (let n = 0; ; n++) {
    const session = `s${n}`;
    const slot = slotOf(ownOf(session));
    const other = known.get(slot);
    if (other !== undefined) return [other, session];
    known.set(slot, session);
  }
};

const visit = fc.record({
  item: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'Größe', '商品', 'x'.repeat(300)),
  session: fc.integer({ min: 0, max: 12 }).map((n) => `s${n}`),
  second: fc.integer({ min: 0, max: 100 }),
});

/** What the rows of an item and of a session must say, as plain lists. */
const plainItem = (log: readonly Visit[], item: string): { own: number; second: number }[] => {
  const ring: { own: number; second: number }[] = [];
  let next = 0;
  for (const one of log.filter((some) => some.item === item)) {
    const known = ring.find(({ own }) => own === ownOf(one.session));
    if (known !== undefined) {
      known.second = Math.max(known.second, one.second);
      continue;
    }
    const cell = { own: ownOf(one.session), second: one.second };
    if (ring.length < bounds.actorsPerItemMax) ring.push(cell);
    else if ((ring[next] as { second: number }).second <= one.second) {
      ring[next] = cell;
      next = (next + 1) % bounds.actorsPerItemMax;
    }
  }
  return ring;
};
const plainSession = (log: readonly Visit[], session: string, renews: boolean): string[] => {
  let items: string[] = [];
  let newest = 0;
  for (const { item, second } of log.filter((some) => some.session === session)) {
    if (item.length > 255) continue;
    const stays = items.includes(item) && (!renews || second < newest);
    newest = Math.max(newest, second);
    if (!stays) items = [...items.filter((other) => other !== item), item].slice(-bounds.itemsMax);
  }
  return items;
};

describe('rows of neighbours', () => {
  test('are what plain lists say, wherever the log is cut', () => {
    fc.assert(
      fc.property(
        fc.array(visit, { maxLength: 80, size: 'max' }),
        fc.array(fc.boolean(), { minLength: 7 }),
        fc.boolean(),
        (log, cuts, renews) => {
          const rows = fold(log, { renews }, (n) => cuts[n % cuts.length] as boolean);
          for (const { item, session } of log) {
            expect(cellsOf(rows.get(item))).toEqual(plainItem(log, item));
            expect(idsOf(rowOf(rows, session))).toEqual(plainSession(log, session, renews));
          }
          const once = fold(log, { renews });
          for (const [key, row] of rows)
            expect(bytesOf(row).equals(bytesOf(once.get(key) as Row))).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('of an item that everybody takes stay as large as configured', () => {
    const log = Array.from({ length: 5_000 }, (_, n) => ({
      item: 'a',
      session: `s${n}`,
      second: n,
    }));
    const row = fold(log).get('a') as Ring;
    expect(row.bytes.length).toBe(headBytes + bounds.actorsPerItemMax * cellBytes);
    expect(row.actors).toBe(5_000);
    expect(cellsOf(row).map(({ second }) => second)).toEqual([4998, 4999, 4994, 4995, 4996, 4997]);
  });

  test('of a session of 100,000 events stay as large as configured', () => {
    const side = neighbourSide({ ...bounds, itemsMax: 50 });
    const key = slotKey('s', slotOf(ownOf('s')));
    const actor = actorKey({ user: userOf('u'), own: ownOf('s') });
    let row: Row | undefined;
    for (let n = 0; n < 100_000; n++) {
      const others = [`${'long-'.repeat(49)}${n % 70_000}`, actor];
      const signal = { item: key, others, notes: [0, 0] };
      row = side.learn(row, signal, { atMs: startMs + n, clock: n, type: 'view' }) ?? row;
    }
    expect(idsOf(row)).toHaveLength(50);
    expect(idsOf(row).at(-1)).toMatch(/-29999$/);
    expect(side.rows.bytes(row as Row)).toBeLessThanOrEqual(actorBytesMax(50));
    expect((row as Row).bytes.length).toBeLessThanOrEqual(2 * actorBytesMax(50));
  });

  test('do not let a late visit drive out a newer one', () => {
    const log = Array.from({ length: 6 }, (_, n) => ({
      item: 'a',
      session: `s${n}`,
      second: 10 + n,
    }));
    const late = { item: 'a', session: 'late', second: 3 };
    expect(cellsOf(fold([...log, late]).get('a'))).toEqual(cellsOf(fold(log).get('a')));
    const again = { item: 'a', session: 's0', second: 3 };
    expect(cellsOf(fold([...log, again]).get('a'))).toEqual(cellsOf(fold(log).get('a')));
  });

  test('of a slot are those of its newest session', () => {
    const [first, second] = neighboursInSlot();
    const old = { item: 'a', session: first, second: 10 };
    const taken = fold([old, { item: 'b', session: second, second: 11 }]);
    expect(idsOf(rowOf(taken, first))).toEqual(['b']);
    expect(
      (rowOf(taken, first) as Visited).isOf({ user: userOf(userIn(second)), own: ownOf(second) }),
    ).toBe(true);
    const kept = fold([old, { item: 'b', session: second, second: 9 }]);
    expect(idsOf(rowOf(kept, first))).toEqual(['a']);
  });

  test('are learned of as many slots as configured', () => {
    const log = Array.from({ length: 300 }, (_, n) => ({
      item: 'a',
      session: `s${n}`,
      second: n,
    }));
    const actorsMax = slotsMax / 2;
    const rows = fold(log, { actorsMax, actorsPerItemMax: 500 });
    const sampled = new Set(log.map(({ session }) => ownOf(session)));
    for (const own of sampled) if (slotOf(own) >= actorsMax) sampled.delete(own);
    expect(new Set(cellsOf(rows.get('a')).map(({ own }) => own))).toEqual(sampled);
    expect(rows.size).toBe(1 + new Set([...sampled].map(slotOf)).size);
    expect(sampled.size).toBeGreaterThan(100);
    expect(sampled.size).toBeLessThan(200);
  });

  test('keep the greatest weight of an item, and nothing of a type that does not count', () => {
    const typeWeights = { purchase: 4, glance: 0 };
    const at = { session: 's', second: 1 };
    const rows = fold(
      [
        { item: 'a', type: 'purchase', ...at },
        { item: 'a', type: 'view', ...at },
        { item: 'b', type: 'glance', ...at },
        { item: 'c', type: 'view', ...at },
      ],
      { typeWeights },
    );
    expect(itemsOf(rowOf(rows, 's'))).toEqual([
      { id: 'a', weight: 4 },
      { id: 'c', weight: 1 },
    ]);
    expect(rows.has('b')).toBe(false);
  });

  test('are told of sessions and users by a key that holds both', () => {
    const part = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(part, part, (user, own) => {
        expect(actorOf(actorKey({ user, own }))).toEqual({ user, own });
        expect(Buffer.byteLength(actorKey({ user, own }))).toBe(12);
      }),
    );
  });

  test('say weights within a twentieth', () => {
    for (const weight of [0.001, 0.3, 1, 2.5, 7, 1000]) {
      const said = weights[packWeight(weight)] as number;
      expect(Math.abs(said / weight - 1)).toBeLessThan(0.05);
    }
  });
});
