import { describe, expect, test } from 'vitest';

import { drive } from '../../lib/stream/memory-driver.ts';
import { decodeAttributes, decodeUserFeatures } from '../../schemas/packed/user-features.ts';
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
  golden: [3, '7d27e9daa927108a', '150e0d932e8a38c9'],
});

const withAttributes = userFeaturesFold({ ...options, attributes: ['country', 'language'] });

test('attributes that are configured are kept, the newest value of each by event time', async () => {
  const said = (offset: number, seconds: number, attributes: Record<string, string>) =>
    interactionRecord(offset, { user_id: 'ann', occurred_at: seconds * 1000, attributes });
  const log = [
    said(0, 10, { country: 'France', colour: 'red' }),
    said(1, 9, { country: 'Spain', language: 'fr' }),
    said(2, 11, { language: '' }),
    said(3, 12, { language: 'x'.repeat(65) }),
    said(4, 13, {}),
  ];
  const { rows } = await drive(withAttributes, log);
  const row = rows.get('ann') as Buffer;
  const known = decodeAttributes(row, ['country', 'language']);
  expect(known).toEqual(
    new Map([
      ['country', 'France'],
      ['language', 'fr'],
    ]),
  );
  const plain = (await drive(fold, log)).rows.get('ann') as Buffer;
  expect(decodeUserFeatures(row, types)).toEqual(decodeUserFeatures(plain, types));
  expect(decodeAttributes(plain, ['country'])).toEqual(new Map());
});

test('nothing of the fold is another where no attribute is configured', () => {
  const same = userFeaturesFold({ ...options, attributes: [] });
  expect([same.layout, same.config]).toEqual([fold.layout, fold.config]);
  expect(withAttributes.layout).not.toBe(fold.layout);
});

describe('with attributes', () =>
  userFoldConformance({
    types,
    foldOf: (horizonMs) => userFeaturesFold({ ...options, horizonMs, attributes: ['country'] }),
    golden: [3, '57ceb75543f14f50', '0badf9c72a34cb7f'],
  }));
