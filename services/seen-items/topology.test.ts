import { expect, test } from 'vitest';

import { drive } from '../../lib/stream/memory-driver.ts';
import { completeFromMs, listSeen } from '../../schemas/packed/seen-items.ts';
import {
  interactionRecord,
  interactionsSource,
  userFoldConformance,
} from '../../test/support/user-folds.ts';
import { seenItemsFold } from './topology.ts';

const types = ['view', 'click', 'like', 'add_to_cart', 'purchase', 'rating'];
const options = {
  ...interactionsSource,
  types,
  limits: { itemsMax: 5, ageMsMax: 100_000 },
  horizonMs: 400 * 86_400_000,
};
const fold = seenItemsFold(options);

test('an interaction becomes its user’s row, with the bit of its type', async () => {
  const { rows, failures } = await drive(fold, [
    interactionRecord(0, { user_id: 'ann', item_id: 'a', type: 'view', occurred_at: 5000 }),
    interactionRecord(1, { user_id: 'ann', item_id: 'a', type: 'purchase', occurred_at: 4000 }),
    interactionRecord(2, { user_id: 'bob', item_id: 'b', type: 'unheard-of', occurred_at: 6000 }),
  ]);
  expect(failures).toEqual([]);
  expect(listSeen(rows.get('ann') as Buffer)).toEqual([{ itemId: 'a', atMs: 5000, kinds: 17 }]);
  expect(listSeen(rows.get('bob') as Buffer)).toEqual([{ itemId: 'b', atMs: 6000, kinds: 128 }]);
});

test('who comes back past the horizon begins anew, and is complete only since then', async () => {
  const horizonMs = 100_000;
  const short = seenItemsFold({ ...options, horizonMs });
  const { rows } = await drive(short, [
    interactionRecord(0, { user_id: 'ann', item_id: 'a', occurred_at: 5000 }),
    interactionRecord(1, { user_id: 'bob', item_id: 'b', occurred_at: 107_500 }),
    interactionRecord(2, { user_id: 'ann', item_id: 'c', occurred_at: 107_600 }),
    interactionRecord(3, { user_id: 'cid', item_id: 'd', occurred_at: 105_000 }),
  ]);
  const [ann, bob, cid] = ['ann', 'bob', 'cid'].map((user) => rows.get(user) as Buffer);
  expect(listSeen(ann as Buffer).map(({ itemId }) => itemId)).toEqual(['c']);
  // The partition's newest event stood at 107.5 s: what there was before 7.5 s may have expired.
  expect([ann, bob, cid].map((row) => completeFromMs(row as Buffer))).toEqual([8000, null, 8000]);
});

userFoldConformance({
  types,
  foldOf: (horizonMs) => seenItemsFold({ ...options, horizonMs }),
  golden: [2, '40abf04e05e2dc35', '0be5ee39420ba592'],
});
