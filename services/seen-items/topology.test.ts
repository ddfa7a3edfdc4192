import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { drive } from '../../lib/stream/memory-driver.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import { completeFromMs, listSeen } from '../../schemas/packed/seen-items.ts';
import { interactions } from '../../topics/interactions.ts';
import { seenItemsFold } from './topology.ts';

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
const options = {
  topic: 'freshet.interactions.v1',
  lineage,
  decoder,
  types,
  limits: { itemsMax: 5, ageMsMax: 100_000 },
  horizonMs: 400 * 86_400_000,
};
const fold = seenItemsFold(options);

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

test('an interaction becomes its user’s row, with the bit of its type', async () => {
  const { rows, failures } = await drive(fold, [
    record(0, { user_id: 'ann', item_id: 'a', type: 'view', occurred_at: 5000 }),
    record(1, { user_id: 'ann', item_id: 'a', type: 'purchase', occurred_at: 4000 }),
    record(2, { user_id: 'bob', item_id: 'b', type: 'unheard-of', occurred_at: 6000 }),
  ]);
  expect(failures).toEqual([]);
  expect(listSeen(rows.get('ann') as Buffer)).toEqual([{ itemId: 'a', atMs: 5000, kinds: 17 }]);
  expect(listSeen(rows.get('bob') as Buffer)).toEqual([{ itemId: 'b', atMs: 6000, kinds: 128 }]);
});

test('who comes back past the horizon begins anew, and is complete only since then', async () => {
  const horizonMs = 100_000;
  const short = seenItemsFold({ ...options, horizonMs });
  const { rows } = await drive(short, [
    record(0, { user_id: 'ann', item_id: 'a', occurred_at: 5000 }),
    record(1, { user_id: 'bob', item_id: 'b', occurred_at: 107_500 }),
    record(2, { user_id: 'ann', item_id: 'c', occurred_at: 107_600 }),
    record(3, { user_id: 'cid', item_id: 'd', occurred_at: 105_000 }),
  ]);
  const [ann, bob, cid] = ['ann', 'bob', 'cid'].map((user) => rows.get(user) as Buffer);
  expect(listSeen(ann as Buffer).map(({ itemId }) => itemId)).toEqual(['c']);
  // The partition's newest event stood at 107.5 s: what there was before 7.5 s may have expired.
  expect([ann, bob, cid].map((row) => completeFromMs(row as Buffer))).toEqual([8000, null, 8000]);
});

test('a second emission of the same interaction changes nothing', async () => {
  const first = record(0, { user_id: 'ann', item_id: 'a', occurred_at: 5000 });
  const again = record(1, { user_id: 'ann', item_id: 'a', occurred_at: 9000, source_offset: 0 });
  const { rows } = await drive(fold, [first, again]);
  expect(listSeen(rows.get('ann') as Buffer)[0]?.atMs).toBe(5000);
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

test('the result for a fixed log is that of revision 1', async () => {
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
  expect([fold.revision, hash.digest('hex').slice(0, 16)]).toEqual([1, '40abf04e05e2dc35']);
});
