import type { Learned, OwnItem } from '../model.ts';
import { visitedOnce } from '../profile.ts';
import { visits } from '../visits.ts';
import { blendOver } from './blend.ts';
import { learningSchema } from './config.ts';

/** For tests: everything that a blend learns of a log of (user, item), a minute apart. */
export const learnedRows = (log: readonly (readonly [string, string])[]): Learned => {
  const side = blendOver(new Map()).itemSide(learningSchema.parse({}));
  const rows = new Map<string, unknown>();
  const ranking = side.ranking?.empty();
  const users = new Map<string, OwnItem[]>();
  for (const [clock, [user, itemId]] of log.entries()) {
    const atMs = 1.7e12 + clock * 60_000;
    const recents = users.get(user) ?? [];
    for (const signal of visits.signals(itemId, atMs, recents, { user: '', session: '' })) {
      const row = side.learn(rows.get(signal.item), signal, { atMs, clock, type: 'view' });
      if (row === null) continue;
      rows.set(signal.item, row);
      side.ranking?.place(ranking, signal.item, row);
    }
    const others = recents.filter((own) => own.itemId !== itemId);
    users.set(user, [visitedOnce({ itemId, atMs, type: 'view' }), ...others]);
  }
  const stored = new Map<string, Buffer>();
  for (const [item, row] of rows) {
    const write = side.rows.encode(row);
    if ('whole' in write) stored.set(item, write.whole);
  }
  const write = side.ranking?.encode(ranking);
  const rankings = write !== undefined && 'whole' in write ? [write.whole] : [];
  return { rows: stored, heads: stored, rankings };
};
