import fc from 'fast-check';
import { expect, test } from 'vitest';

import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { encoderFor } from '../../lib/avro/encoder.ts';
import { memoryRegistry } from '../../lib/avro/memory-registry.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { drive } from '../../lib/stream/memory-driver.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import {
  type ExternalCandidates,
  externalCandidatesSchema,
} from '../../schemas/generated/external-candidates.ts';
import { listOfSource } from '../../schemas/packed/external-candidates.ts';
import { externalCandidates } from '../../topics/external-candidates.ts';
import { externalLimits } from './external.ts';
import { externalFold } from './topology.ts';

const nowMs = 1_700_000_100_000;
const dayMs = 86_400_000;
const encode = encoderFor<ExternalCandidates>(externalCandidatesSchema, 7);
const foldOver = (partitions: number) =>
  externalFold({
    topic: 'external-candidates',
    lineage: 'reserved0000',
    decoder: new TopicDecoder<ExternalCandidates>({
      registry: memoryRegistry({ 7: externalCandidatesSchema }),
      subject: 'external-candidates-value',
      schema: externalCandidatesSchema,
      valueBytesMax: externalCandidates.messageBytesMax,
      graceMs: [],
    }),
    limits: externalLimits,
    partitions,
    horizonMs: 400 * dayMs,
  });
const fold = foldOver(1);

const example = externalCandidates.example as unknown as ExternalCandidates;
const listOf = (change: Partial<ExternalCandidates>): Buffer => encode({ ...example, ...change });
const item = (item_id: string, score: number) => ({ item_id, score });
const record = (value: Buffer | null, offset: number): LogRecord => ({
  topic: 'external-candidates',
  partition: 0,
  offset,
  timestampMs: nowMs,
  key: null,
  value,
  headers: {},
});
const listKey = (source: string, user: string): string => `${source} of ${user}`;
const rowsOf = async (...values: readonly (Buffer | null)[]) => {
  const driven = await drive(fold, values.map(record));
  const lists = new Map(
    [...driven.rows].flatMap(([user, row]) =>
      ['nightly', 'editors'].flatMap((source) => {
        const list = listOfSource(row, source);
        return list === null ? [] : [[listKey(source, user), list] as const];
      }),
    ),
  );
  return { ...driven, lists };
};

test('a list is kept best first, each item once, as its source and user have it', async () => {
  const items = [item('b', 1), item('a', 5), item('b', 3), item('c', 3), item('a', -1)];
  const { lists, failures } = await rowsOf(
    listOf({ user_id: 'ann', items }),
    listOf({ user_id: 'ann', source: 'editors', items: [item('x', 1)] }),
    listOf({ user_id: 'bob', items: [] }),
  );
  expect(failures).toEqual([]);
  expect(Object.fromEntries(lists)).toEqual({
    [listKey('nightly', 'ann')]: {
      computedAtMs: example.computed_at,
      items: [
        { itemId: 'a', score: 5 },
        { itemId: 'b', score: 3 },
        { itemId: 'c', score: 3 },
      ],
    },
    [listKey('editors', 'ann')]: {
      computedAtMs: example.computed_at,
      items: [{ itemId: 'x', score: 1 }],
    },
    [listKey('nightly', 'bob')]: { computedAtMs: example.computed_at, items: [] },
  });
});

test('the newest list counts in whatever order they come; of equal ones the later record', async () => {
  const at = (computed_at: number, id: string) => listOf({ computed_at, items: [item(id, 1)] });
  const { lists, skipped } = await rowsOf(at(500, 'b'), at(400, 'a'), at(500, 'c'));
  expect([...lists.values()].map(({ items }) => items[0]?.itemId)).toEqual(['c']);
  expect(skipped.get('outdated')).toBe(1);
});

test('a list is bounded, and so are its scores', async () => {
  const many = Array.from({ length: 10_000 }, (_, n) => item(`i${n}`, n));
  const extreme = [item('top', 1e300), item('low', -1e300), item('mid', 0)];
  const { lists, failures } = await rowsOf(
    listOf({ items: many }),
    listOf({ user_id: 'ann', items: extreme }),
    listOf({ user_id: 'bob', items: [...many, item('more', 1)] }),
  );
  const kept = lists.get(listKey('nightly', example.user_id))?.items ?? [];
  expect([kept.length, kept[0]?.itemId, kept.at(-1)?.itemId]).toEqual([200, 'i9999', 'i9800']);
  const scores = lists.get(listKey('nightly', 'ann'))?.items.map(({ score }) => score) ?? [];
  expect(scores.every(Number.isFinite)).toBe(true);
  expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  expect(failures.map(({ reason }) => reason)).toEqual(['too_many_items']);
});

test('what cannot be used is set aside with its reason, and the partition goes on', async () => {
  const poison: readonly [Buffer | null, string][] = [
    [null, 'empty_value'],
    [listOf({}).subarray(0, -3), 'truncated'],
    [listOf({ source: '' }), 'bad_source'],
    [listOf({ source: 's'.repeat(65) }), 'bad_source'],
    [listOf({ user_id: '' }), 'bad_user'],
    [listOf({ user_id: 'ü'.repeat(65) }), 'bad_user'],
    [listOf({ items: [item('a', 1), item('', 1)] }), 'bad_item'],
    [listOf({ items: [item('a\u0001', 1)] }), 'bad_item'],
    [listOf({ items: [item('a', Number.NaN)] }), 'not_finite'],
    [listOf({ computed_at: nowMs + 60_001 }), 'from_the_future'],
    [listOf({ computed_at: -1 }), 'ancient'],
  ];
  const { failures, lists } = await rowsOf(
    ...poison.flatMap(([value], n) => [value, listOf({ user_id: `good-${n}` })]),
  );
  expect(failures.map(({ reason, record: { offset } }) => [offset, reason])).toEqual(
    poison.map(([, reason], n) => [n * 2, reason]),
  );
  expect(lists.size).toBe(poison.length);
});

test('a record in a partition where nobody would look for its user is set aside', async () => {
  const own = partitionOf('ann', 4);
  const records = [own, (own + 1) % 4].map((partition, offset) => ({
    ...record(listOf({ user_id: 'ann' }), offset),
    partition,
  }));
  for (const [at, one] of records.entries()) {
    const { failures } = await drive(foldOver(4), [one], { partition: one.partition });
    expect(failures.map(({ reason }) => reason)).toEqual(at === 0 ? [] : ['wrong_partition']);
  }
});

test('a list expires by the newest list of its partition', async () => {
  const old = listOf({ user_id: 'ann', computed_at: 0 });
  const far = listOf({ user_id: 'bob', computed_at: 401 * dayMs });
  // Older than the one that is kept, which has expired and counts as absent.
  const late = listOf({ user_id: 'ann', computed_at: 1, items: [item('late', 1)] });
  const { lists, skipped } = await rowsOf(listOf({ user_id: 'ann', computed_at: 5 }), far, late);
  expect(skipped.size).toBe(0);
  expect(lists.get(listKey('nightly', 'ann'))?.items[0]?.itemId).toBe('late');
  expect((await rowsOf(old, far)).lists.size).toBe(2);
});

test('of many sources those are kept whose lists were computed last', async () => {
  const lists = Array.from({ length: 17 }, (_, n) =>
    listOf({ user_id: 'ann', source: `s${n}`, computed_at: (n * 5) % 17 }),
  );
  const { rows } = await rowsOf(...lists);
  const row = rows.get('ann') as Buffer;
  const missing = lists.flatMap((_, n) => (listOfSource(row, `s${n}`) === null ? [n] : []));
  expect(missing).toEqual([0]);
});

test('who is to be forgotten has no list of any source, once, and may get new ones', async () => {
  const forget = (source_offset: number, change: Partial<ExternalCandidates> = {}) =>
    listOf({
      user_id: 'ann',
      source: '',
      items: [],
      forgotten: { lineage: 'reserved0000', source_partition: 3, source_offset },
      ...change,
    });
  const own = listOf({ user_id: 'ann' });
  const editors = listOf({ user_id: 'ann', source: 'editors' });
  const bob = listOf({ user_id: 'bob' });
  const { lists } = await rowsOf(own, editors, bob, forget(7));
  expect([...lists.keys()]).toEqual([listKey('nightly', 'bob')]);
  const again = await rowsOf(own, forget(7), editors, forget(7), forget(6));
  expect([...again.lists.keys()]).toEqual([listKey('editors', 'ann')]);
  expect(again.header?.marks[0]?.[3]).toBe(7);
  const foreign = { lineage: 'other0000000', source_partition: 3, source_offset: 9 };
  const others = await rowsOf(own, forget(9, { forgotten: foreign }));
  expect([...others.lists.keys()]).toEqual([listKey('nightly', 'ann')]);
});

test('the same is kept wherever the log is cut', async () => {
  const lists = fc.array(
    fc.record({
      source: fc.constantFrom('nightly', 'editors'),
      user_id: fc.constantFrom('ann', 'bob'),
      computed_at: fc.integer({ min: 0, max: 9 }).map((n) => n * 100 * dayMs),
      forgotten: fc.constant(null),
      items: fc.array(
        fc.record({
          item_id: fc.constantFrom('a', 'b', 'c'),
          score: fc.float({ noNaN: true, min: -5, max: 5 }),
        }),
        { maxLength: 5 },
      ),
    }),
    { minLength: 1, maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(lists, fc.integer({ min: 1, max: 7 }), async (given, recordsMax) => {
      const records = given.map((list, offset) => record(encode(list), offset));
      const once = await drive(fold, records);
      const cut = await drive(fold, records, { bounds: { recordsMax } });
      expect(cut.rows).toEqual(once.rows);
      expect(cut.header).toEqual(once.header);
    }),
    { numRuns: 50 },
  );
});

test('its identity changes when what it computes does: then this does too', async () => {
  const { identity, rows } = await rowsOf(listOf({}));
  expect(identity.hash).toMatchInlineSnapshot(
    `"fb2f0cd6084764ba5969595be196fb90358a230cea3be2a796c67eece5725c5e"`,
  );
  expect([...rows.values()].map((row) => row.toString('hex'))).toMatchInlineSnapshot(`
    [
      "024b6a74691c000068e5cf8b0102063835313233417b146e3f05323234323385ebd13e",
    ]
  `);
});
