import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { drive } from '../../lib/stream/memory-driver.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import { decodeUserFeatures } from '../../schemas/packed/user-features.ts';
import { interactions } from '../../topics/interactions.ts';
import { userFeaturesFold } from './topology.ts';

const types = ['view', 'click', 'like', 'add_to_cart', 'purchase', 'rating'];
const lineage = 'ingest000000';
/** JSON instead of Avro: what a decoder does is tested with the decoder. */
const decoder = {
  prepare: async () => undefined,
  decode: (value: Buffer | null) =>
    value === null
      ? { ok: false as const, reason: 'empty_value', detail: 'there is no value' }
      : { ok: true as const, value: JSON.parse(value.toString()) as Interaction },
};
const fold = userFeaturesFold({
  topic: 'freshet.interactions.v1',
  lineage,
  decoder,
  types,
  limits: { recentsMax: 5, halfLifeMs: 60_000, sessionGapMs: 20_000 },
  horizonMs: 400 * 86_400_000,
});

const example = interactions.example as unknown as Interaction;
const record = (offset: number, change: Partial<Interaction>): LogRecord => ({
  topic: 'freshet.interactions.v1',
  partition: 0,
  offset,
  timestampMs: 1,
  key: Buffer.from(change.user_id ?? example.user_id),
  value: Buffer.from(JSON.stringify({ ...example, lineage, source_offset: offset, ...change })),
  headers: {},
});

test('an interaction becomes its user’s row, with its type by name', async () => {
  const { rows, failures } = await drive(fold, [
    record(0, { user_id: 'ann', item_id: 'a', type: 'view', occurred_at: 5000 }),
    record(1, { user_id: 'ann', item_id: 'a', type: 'purchase', occurred_at: 4000 }),
    record(2, { user_id: 'bob', item_id: 'b', type: 'unheard-of', occurred_at: 6000 }),
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

test('a second emission of the same interaction changes nothing', async () => {
  const first = record(0, { user_id: 'ann', item_id: 'a', occurred_at: 5000 });
  const again = record(1, { user_id: 'ann', item_id: 'a', occurred_at: 9000, source_offset: 0 });
  const { rows } = await drive(fold, [first, again]);
  expect(decodeUserFeatures(rows.get('ann') as Buffer, types).lastSeenMs).toBe(5000);
});

test('a value that does not decode is set aside, and the partition goes on', async () => {
  const bad = { ...record(0, {}), value: null };
  const { rows, failures } = await drive(fold, [bad, record(1, { user_id: 'ann' })]);
  expect(failures.map(({ reason }) => reason)).toEqual(['empty_value']);
  expect(rows.size).toBe(1);
});

const logs = fc
  .array(
    fc.record({
      user_id: fc.constantFrom('ann', 'bob', 'cid'),
      item_id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
      type: fc.constantFrom(...types),
      occurred_at: fc.integer({ min: 0, max: 150_000 }),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((changes) => changes.map((change, offset) => record(offset, change)));

test('how the log is cut into slices changes no byte', async () => {
  await fc.assert(
    fc.asyncProperty(logs, fc.integer({ min: 1, max: 20 }), async (log, recordsMax) => {
      const whole = await drive(fold, log);
      const cut = await drive(fold, log, { bounds: { recordsMax } });
      expect(cut.rows).toEqual(whole.rows);
    }),
  );
});

test('stopping anywhere and going on from what is stored changes no byte', async () => {
  await fc.assert(
    fc.asyncProperty(logs, fc.nat(60), async (log, stop) => {
      const whole = await drive(fold, log);
      const { store } = await drive(fold, log.slice(0, stop));
      expect((await drive(fold, log, { store })).rows).toEqual(whole.rows);
    }),
  );
});

test('the result for a fixed log is that of revision 2', async () => {
  const log = Array.from({ length: 500 }, (_, n) =>
    record(n, {
      user_id: `user-${(n * 7) % 13}`,
      item_id: `item-${(n * n) % 41}`,
      type: types[(n * 5) % 6] as string,
      occurred_at: 1_700_000_000_000 + ((n * 7919) % 200) * 1000,
    }),
  );
  const { rows } = await drive(fold, log);
  const hash = createHash('sha256');
  for (const [key, row] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(key).update(row);
  // Another hash is another result: raise the fold's revision with it.
  expect([fold.revision, hash.digest('hex').slice(0, 16)]).toEqual([2, '7d27e9daa927108a']);
});
