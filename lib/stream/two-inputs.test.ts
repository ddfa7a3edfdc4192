import { expect, test } from 'vitest';

import { countingFold, countingRecord, tallyText } from '../../test/support/counting-fold.ts';
import { foldIdentity, driveSteps } from './memory-driver.ts';
import { memoryStore } from './memory-store.ts';
import { unknownSchema } from './poison.ts';
import type { LogRecord } from './topology.ts';

const alone = countingFold();
const fold = { ...alone, emission: null, ahead: { ...alone.input, topic: 'others' } };
const first = (offset: number, source = offset): LogRecord =>
  countingRecord(offset, {
    from: { lineage: 'source', partition: 0, offset: source },
    units: [{ key: 'ann', n: offset }],
  });
const second = (offset: number, fails?: string): LogRecord =>
  countingRecord(
    offset,
    {
      from: fails === undefined ? { lineage: 'source', partition: 1, offset } : null,
      units: [{ key: 'ann', n: 100 + offset }],
      ...(fails === undefined ? {} : { fails }),
    },
    { topic: 'others' },
  );

test('each input has its offset, hash and marks; both move the same rows', async () => {
  const one = { input: 0, records: [first(0), first(1)] };
  const other = { input: 1, records: [second(0), second(1), second(2)] };
  const { header, rows } = await driveSteps(fold, [one, other]);
  expect(header).toMatchObject({ offsets: [2, 3], marks: [[1], [-1, 2]] });
  expect(header?.hashes.every((hash) => hash !== '')).toBe(true);
  const { rows: plain } = await driveSteps(alone, [
    {
      input: 0,
      records: [
        ...one.records,
        ...other.records.map((record, n) => ({ ...record, offset: 2 + n })),
      ],
    },
  ]);
  expect(tallyText(rows.get('ann') as Buffer)).toBe(tallyText(plain.get('ann') as Buffer));
});

test('an owner that goes on from what is stored folds nothing of either input again', async () => {
  const store = memoryStore();
  const steps = [
    { input: 1, records: [second(0)] },
    { input: 0, records: [first(0), first(1)] },
  ];
  const before = await driveSteps(fold, steps, { store });
  const again = await driveSteps(fold, [...steps, { input: 0, records: [first(2, 1)] }], { store });
  expect(again.rows).toEqual(before.rows);
  expect(again.header?.offsets).toEqual([3, 1]);
  expect(again.skipped.get('already_folded')).toBe(1);
});

test('what failed for a reason of its time stays failed on its own input only', async () => {
  const store = memoryStore();
  const failed = await driveSteps(fold, [{ input: 1, records: [second(0, unknownSchema)] }], {
    store,
  });
  expect(failed.failures).toHaveLength(1);
  // The same log again, from before the commit, with the schema known by now.
  store.values.clear();
  const again = await driveSteps(
    fold,
    [
      { input: 1, records: [second(0)] },
      { input: 0, records: [first(0)] },
    ],
    { store },
  );
  expect(again.failures.map(({ record }) => record.topic)).toEqual(['others']);
  expect(tallyText(again.rows.get('ann') as Buffer)).toMatch(/^1/);
});

test('a second input is part of what the fold is', () => {
  expect(foldIdentity(fold, 1).hash).not.toBe(foldIdentity(alone, 1).hash);
});
