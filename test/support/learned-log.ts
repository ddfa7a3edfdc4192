import fc from 'fast-check';
import { expect } from 'vitest';

import type { kinds } from '../../models/kinds.ts';
import type { ItemSide, OwnItem, Signal, SignalContext } from '../../models/model.ts';
import { visitedOnce } from '../../models/profile.ts';

/** Logs of visits, and what a kind of model learns of them: for the conformance of kinds. */
const visit = fc.record({
  user: fc.integer({ min: 0, max: 3 }),
  item: fc.oneof(
    fc.integer({ min: 0, max: 12 }).map((n) => `i${n}`),
    fc.constantFrom('a-rather-long-identifier', 'Größe', '商品'),
  ),
  hours: fc.integer({ min: 0, max: 300_000 }),
  type: fc.constantFrom('view', 'purchase'),
});
export const visits = fc.array(visit, { minLength: 1, maxLength: 60 });
export type Visit = typeof visit extends fc.Arbitrary<infer V> ? V : never;
export type Kind = typeof kinds extends ReadonlyMap<string, infer K> ? K : never;

const recentsMax = 10;

/** All signals of a log of visits, and what each user visited last. */
export const signalsOf = (kind: Kind, log: readonly Visit[]) => {
  const users = new Map<number, OwnItem[]>();
  const signals: { signal: Signal; context: SignalContext }[] = [];
  for (const [clock, { user, item, hours, type }] of log.entries()) {
    const atMs = 1.7e12 + hours * 3_600_000;
    const recents = Object.freeze(users.get(user) ?? []);
    const visitor = { user: `u${user}`, session: `s${user}-${Math.floor(hours / 24)}` };
    for (const signal of kind.userSide?.signals(item, atMs, recents, visitor) ?? [])
      signals.push({ signal, context: { atMs, clock, type } });
    const others = recents.filter(({ itemId }) => itemId !== item);
    const all = [visitedOnce({ itemId: item, atMs, type }), ...others];
    all.sort((a, b) => b.atMs - a.atMs);
    users.set(user, all.slice(0, recentsMax));
  }
  return { signals, users };
};

export interface Stored {
  readonly rows: ReadonlyMap<string, Buffer>;
  readonly ranking: Buffer | null;
}

/** Applies a write as the store does, which never grows a value by a patch. */
const apply = (
  before: Buffer | undefined,
  write: ReturnType<ItemSide<unknown>['rows']['encode']>,
): Buffer | undefined => {
  if ('whole' in write) return Buffer.from(write.whole);
  for (const { at, bytes } of write.patches) {
    expect(at + bytes.length).toBeLessThanOrEqual(before?.length ?? 0);
    bytes.copy(before as Buffer, at);
  }
  return before;
};

/** Folds the log; `cut(n)` says whether everything goes through its stored form after signal n. */
export const learn = (kind: Kind, log: readonly Visit[], cut: (n: number) => boolean): Stored => {
  if (kind.userSide === null) return { rows: new Map(), ranking: null };
  const side = kind.itemSide(kind.learningSchema.parse({}));
  const rows = new Map<string, unknown>();
  const stored = new Map<string, Buffer>();
  let ranking = side.ranking?.empty();
  let storedRanking: Buffer | undefined;
  const store = (): void => {
    for (const [item, row] of rows) {
      const bytes = apply(stored.get(item), side.rows.encode(row));
      if (bytes !== undefined) stored.set(item, bytes);
      expect(side.rows.bytes(row)).toBe(bytes?.length);
    }
    if (side.ranking !== null)
      storedRanking = apply(storedRanking, side.ranking.encode(ranking)) ?? storedRanking;
  };
  for (const [n, { signal, context }] of signalsOf(kind, log).signals.entries()) {
    const row = side.learn(rows.get(signal.item), signal, context);
    if (row !== null) {
      rows.set(signal.item, row);
      side.ranking?.place(ranking, signal.item, row);
    }
    if (!cut(n)) continue;
    store();
    for (const [item, bytes] of stored) rows.set(item, side.rows.decode(Buffer.from(bytes)));
    if (storedRanking !== undefined) ranking = side.ranking?.decode(Buffer.from(storedRanking));
  }
  store();
  return { rows: stored, ranking: storedRanking ?? null };
};
