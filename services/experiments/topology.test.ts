import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';

import { foldIdentity, driveSteps } from '../../lib/stream/memory-driver.ts';
import { exposureKinds } from '../../topics/reserved-types.ts';
import { exposureOf, foldForTests, interactionOf, recordOf } from './fakes.ts';

const beganMs = 1_700_000_000_000;

/** Fails when the same logs make other bytes: raise the fold's revision, then say the new ones. */
test('golden: the same logs make the same bytes under one revision', async () => {
  const shown = Array.from({ length: 120 }, (_, n) => {
    const value = exposureOf({
      answer_id: `a${n}`,
      user_id: `u${n % 7}`,
      variant: n % 7 < 3 || n === 90 ? 'a' : 'b',
      experiment: n % 5 === 0 ? null : (['x', 'holdout:default'][n % 2] ?? null),
      items: [{ item_id: `i${n % 11}`, propensity: null }],
      served_at: beganMs + n * 9_000,
      removed: { 'not-seen': n % 3 },
      emptied: n % 13 === 0,
    });
    return recordOf('exposures', n, { value, atMs: value.served_at });
  });
  const acts = Array.from({ length: 300 }, (_, n) => {
    const value = interactionOf({
      user_id: `u${n % 9}`,
      item_id: `i${n % 11}`,
      type: ['click', 'purchase', 'view'][n % 3] ?? '',
      answer_id: n % 4 === 0 ? `a${n % 120}` : null,
      value: n % 3 === 1 ? n / 4 : null,
      appended_at: beganMs - 86_400_000 + n * 300_000,
      source_offset: n,
    });
    return recordOf('interactions', n, { value, atMs: value.appended_at });
  });
  const { rows, shared } = await driveSteps(foldForTests(), [
    { input: 1, records: shown },
    { input: 0, records: acts },
  ]);
  const hash = createHash('sha256').update(shared ?? '');
  for (const key of [...rows.keys()].toSorted()) hash.update(key).update(rows.get(key) ?? '');
  const { revision, layout } = foldForTests();
  expect([revision, layout, hash.digest('hex').slice(0, 16)]).toEqual([2, 2, 'b6973c9ce46738b7']);
});

test('the lateness is part of what the state is; both inputs are', () => {
  const fold = foldForTests();
  const { hash } = foldIdentity(fold, 4);
  expect(foldIdentity({ ...fold, config: { latenessMs: 1 } }, 4).hash).not.toBe(hash);
  const { ahead: _, ...alone } = fold;
  expect(foldIdentity(alone, 4).hash).not.toBe(hash);
});

test('an exposure outside experiments reads nobody’s row', () => {
  const { ahead } = foldForTests();
  const outside = exposureOf({ experiment: null, variant: null });
  const keyOf = (value: object) => {
    const decoded = ahead?.decode(recordOf('exposures', 0, { value, atMs: 0 }));
    return decoded !== undefined && 'units' in decoded ? decoded.units[0]?.key : undefined;
  };
  expect([keyOf(outside), keyOf(exposureOf({}))]).toEqual(['', 'ann']);
});

test('a record that was repartitioned is known by where it lay on exposures: orders meet', () => {
  const forgotten = exposureOf({
    kind: exposureKinds.forget,
    experiment: null,
    lineage: 'reserved',
    source_partition: 3,
    source_offset: 7,
  });
  const plain = recordOf('exposures', 0, { value: forgotten, atMs: 1 });
  const headers = { 'freshet-position': Buffer.from('2/9') };
  const positions = [plain, { ...plain, headers }].map((record) => {
    const decoded = foldForTests().ahead?.decode(record);
    return decoded !== undefined && 'units' in decoded ? decoded.units[0]?.position : null;
  });
  expect(positions).toEqual([
    { lineage: 'reserved', partition: 3, offset: 7 },
    { lineage: 'reserved', partition: 2, offset: 9 },
  ]);
});
