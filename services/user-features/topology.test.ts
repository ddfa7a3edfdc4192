import { expect, test } from 'vitest';

import { drive } from '../../lib/stream/memory-driver.ts';
import { decodeUserFeatures } from '../../schemas/packed/user-features.ts';
import {
  interactionRecord,
  interactionsSource,
  userFoldConformance,
} from '../../test/support/user-folds.ts';
import { userFeaturesFold } from './topology.ts';

const types = ['view', 'click', 'like', 'add_to_cart', 'purchase', 'rating'];
const options = {
  ...interactionsSource,
  types,
  limits: { recentsMax: 5, halfLifeMs: 60_000, sessionGapMs: 20_000 },
  horizonMs: 400 * 86_400_000,
};
const fold = userFeaturesFold(options);

test('an interaction becomes its user’s row, with its type by name', async () => {
  const { rows, failures } = await drive(fold, [
    interactionRecord(0, { user_id: 'ann', item_id: 'a', type: 'view', occurred_at: 5000 }),
    interactionRecord(1, { user_id: 'ann', item_id: 'a', type: 'purchase', occurred_at: 4000 }),
    interactionRecord(2, { user_id: 'bob', item_id: 'b', type: 'unheard-of', occurred_at: 6000 }),
  ]);
  expect(failures).toEqual([]);
  const ann = decodeUserFeatures(rows.get('ann') as Buffer, types);
  expect(ann.recents).toEqual([
    { itemId: 'a', atMs: 5000, type: 'view', visits: 2, firstAtMs: 4000 },
  ]);
  expect(ann.counts.map(({ type }) => type)).toEqual(['view', 'purchase']);
  const bob = decodeUserFeatures(rows.get('bob') as Buffer, types);
  expect(bob.counts).toEqual([{ type: 'other', weight: 1 }]);
});

userFoldConformance({
  types,
  foldOf: (horizonMs) => userFeaturesFold({ ...options, horizonMs }),
  golden: [2, '7d27e9daa927108a', '150e0d932e8a38c9'],
});
