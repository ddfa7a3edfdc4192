import { describe, expect, test } from 'vitest';

import {
  countingFold,
  countingOracle,
  countingRecord,
  emissionText,
  tallyText,
} from '../../test/support/counting-fold.ts';
import { ownerOf } from '../../test/support/slice-owner.ts';
import { forgettingFold, happened } from '../../test/support/forgetting-fold.ts';
import { parseHeader } from './header.ts';
import { drive } from './memory-driver.ts';
import { memoryStore } from './memory-store.ts';
import { unknownSchema } from './poison.ts';
import type { LogRecord } from './topology.ts';

const from = (offset: number, partition = 0) => ({ lineage: 'source', partition, offset });
const unit = (key: string, n: number) => ({ key, n });

const log: readonly LogRecord[] = [
  countingRecord(0, { from: from(0), units: [unit('a', 1), unit('b', 2)] }),
  countingRecord(1, { from: from(1), units: [unit('a', 3)] }),
  countingRecord(2, { from: from(0), units: [unit('a', 1), unit('b', 2)] }),
  countingRecord(3, { from: from(0, 1), units: [unit('b', 4)] }),
  countingRecord(4, { from: from(5), units: [] }),
  countingRecord(5, { from: from(2), units: [unit('c', 5), unit('c', 6)] }),
];

describe('a slice', () => {
  test('folds, emits what the state then holds, and stores values, offset, hash and marks', async () => {
    const { rows, shared, emitted, header } = await drive(countingFold(), log);
    const wanted = countingOracle(log);
    expect(new Map([...rows].map(([key, bytes]) => [key, tallyText(bytes)]))).toEqual(wanted.rows);
    expect(shared && tallyText(shared)).toBe(wanted.shared);
    expect(emitted.map(({ value }) => emissionText(value))).toEqual(wanted.emitted);
    expect(header).toMatchObject({ offsets: [6], marks: [[2, 0]] });
  });

  test('compares all units of one record with the mark before it, and moves the mark after', async () => {
    const packed = countingRecord(0, { from: from(7), units: [unit('a', 1), unit('a', 1)] });
    const { rows, header } = await drive(countingFold(), [packed]);
    expect(rows.get('a')?.readUInt32LE(0)).toBe(2);
    expect(header?.marks).toEqual([[7]]);
  });

  test('passes over what another lineage emitted', async () => {
    const other = { ...from(0), lineage: 'another' };
    const foreign = countingRecord(0, { from: other, units: [unit('a', 1)] });
    const { rows, skipped, header } = await drive(countingFold(), [foreign]);
    expect([rows.size, skipped.get('other_lineage'), header?.marks]).toEqual([0, 1, [[]]]);
  });

  test('counts a unit that its fold passes over, and stores nothing for it', async () => {
    const { rows, skipped } = await drive(countingFold(), [
      countingRecord(0, { from: null, units: [unit('a', -1)] }),
    ]);
    expect([rows.size, skipped.get('negative')]).toEqual([0, 1]);
  });

  test('ends at its bounds: records, units, and bytes once there is a backlog', async () => {
    const store = memoryStore();
    const bounds = { recordsMax: 4, unitsMax: 3, bytesMax: 0, unitsBeforeBytes: 2 };
    const { owner } = ownerOf(store, { bounds: { ...bounds, bytesMax: 1e6 } });
    await owner.load();
    expect((await owner.slice(log)).records).toBe(2);
    expect((await owner.slice(log.slice(2))).records).toBe(2);
    const { owner: other } = ownerOf(memoryStore(), { bounds: { ...bounds, unitsMax: 100 } });
    await other.load();
    expect((await other.slice(log)).records).toBe(1);
  });

  test('sends before it stores: a crash in between loses no emission', async () => {
    const store = memoryStore();
    const { owner, keys } = ownerOf(store, {
      send: async () => {
        expect(store.values.has(keys.header(0))).toBe(false);
        throw new Error('power cut');
      },
    });
    await owner.load();
    await expect(owner.slice(log)).rejects.toThrow('power cut');
    expect(store.values.size).toBe(0);
    expect(await owner.load()).toBe(false);
    const again = ownerOf(store);
    await again.owner.load();
    await again.owner.slice(log);
    expect(again.sent.map(({ value }) => emissionText(value))).toEqual(countingOracle(log).emitted);
  });

  test('keeps nothing of a slice that failed, although rows were changed in place', async () => {
    const store = memoryStore();
    let broken = false;
    const { owner, keys } = ownerOf(store, {
      send: async () => {
        if (broken) throw new Error('no acknowledgement');
      },
    });
    await owner.load();
    await owner.slice(log.slice(0, 1));
    broken = true;
    await expect(owner.slice(log.slice(1))).rejects.toThrow('no acknowledgement');
    broken = false;
    await owner.load();
    await owner.slice(log.slice(1));
    const wanted = countingOracle(log);
    expect(tallyText(store.values.get(keys.row(0, 'a')) as Buffer)).toBe(wanted.rows.get('a'));
    expect(tallyText(store.values.get(keys.shared(0)) as Buffer)).toBe(wanted.shared);
  });
});

describe('an owner that was overtaken', () => {
  test('emits nothing, changes nothing, and goes on from where the other one stands', async () => {
    const store = memoryStore();
    const old = ownerOf(store);
    const young = ownerOf(store);
    await old.owner.load();
    await young.owner.load();
    await young.owner.slice(log.slice(0, 3));
    const before = new Map(store.values);
    expect((await old.owner.slice(log)).kind).toBe('restart');
    expect(old.sent).toEqual([]);
    expect(store.values).toEqual(before);
    await old.owner.load();
    expect(old.owner.nextOffset).toBe(3);
    expect((await old.owner.slice(log.slice(3))).kind).toBe('applied');
  });

  test('between its read and its commit is refused, and its cache is dropped', async () => {
    const store = memoryStore();
    const young = ownerOf(store);
    let overtake: (() => Promise<unknown>) | null = null;
    const old = ownerOf(store, {
      send: async () => {
        await overtake?.();
        overtake = null;
      },
    });
    await old.owner.load();
    await old.owner.slice(log.slice(0, 1));
    await young.owner.load();
    overtake = () => young.owner.slice(log.slice(1, 2));
    expect((await old.owner.slice(log.slice(1))).kind).toBe('restart');
    await old.owner.load();
    await old.owner.slice(log.slice(old.owner.nextOffset));
    const { rows } = countingOracle(log);
    for (const [key, text] of rows)
      expect(tallyText(store.values.get(old.keys.row(0, key)) as Buffer)).toBe(text);
  });
});

describe('a fold with a horizon', () => {
  const horizon = { ms: 10, lastMs: () => 0, unitMs: () => 0 };

  test('has one that is one', async () => {
    const fold = { ...countingFold(), horizon: { ...horizon, ms: Number.NaN } };
    await expect(drive(fold, log)).rejects.toThrow('horizon');
  });

  test('writes no part of a row that began anew: it may have been swept', async () => {
    const { fold } = countingFold();
    const timed = {
      ...countingFold(),
      horizon: { ms: 10, lastMs: () => 0, unitMs: (n: number) => n },
      // As a codec would that takes what its fold makes for something stored.
      fold: (...[row, unit, context]: Parameters<typeof fold>) =>
        fold(row ?? { count: 0, hash: 0, stored: context.newestMs > 10 }, unit, context),
    };
    const [first, again] = [5, 90, 91].map((n, offset) =>
      countingRecord(offset, { from: from(offset), units: [unit('a', n)] }),
    );
    const records = [first, again].flatMap((one) => one ?? []);
    const { store, rows } = await drive(timed, records);
    const late = countingRecord(2, { from: from(2), units: [unit('a', 91)] });
    await expect(drive(timed, [...records, late], { store })).rejects.toThrow('written whole');
    expect((await drive(timed, records, { store })).rows).toEqual(rows);
  });

  test('moves the time by what it folds: not by what it rejects, nor by what it knows', async () => {
    const happening = (key: string, atMs: number, n = 1) => ({ key, n, atMs });
    const timesOf = async (...units: Parameters<typeof happened>[1][]): Promise<unknown> => {
      const records = units.map((own, offset) => happened(offset, own));
      return (await drive(forgettingFold(50), records)).header?.newestMs;
    };
    expect(await timesOf([])).toEqual([-1]);
    expect(await timesOf([happening('a', 5)], null)).toEqual([5]);
    expect(await timesOf([happening('a', 5), happening('b', 9)], [happening('a', 7)])).toEqual([9]);
    expect(await timesOf([happening('a', 5)], [happening('a', 8, -1)])).toEqual([8]);
    const known = countingRecord(1, { from: from(0), units: [unit('a', 900)] });
    const timed = {
      ...countingFold(),
      horizon: { ...horizon, ms: 1e6, unitMs: (n: number) => n },
      rows: { ...countingFold().rows, encode: () => ({ whole: Buffer.alloc(12) }) },
    };
    const first = countingRecord(0, { from: from(0), units: [unit('a', 5)] });
    expect((await drive(timed, [first, known])).header?.newestMs).toEqual([5]);
  });
});

describe('poison', () => {
  const bad = (offset: number, fails = 'undecodable') =>
    countingRecord(offset, { from: null, units: [], fails });
  const good = (offset: number) => countingRecord(offset, { from: null, units: [unit('a', 1)] });

  test('is set aside with what follows the emissions, and the partition goes on', async () => {
    const { owner, sent } = ownerOf(memoryStore());
    await owner.load();
    const result = await owner.slice([good(0), bad(1), good(2)]);
    expect(result.failures.map(({ reason }) => reason)).toEqual(['undecodable']);
    expect(sent.map(({ topic }) => topic)).toEqual(['counted', 'counted', 'failed']);
    expect(owner.nextOffset).toBe(3);
  });

  test('past the limit stops the partition before the record that is too much', async () => {
    const { owner, sent } = ownerOf(memoryStore());
    await owner.load();
    const records = [good(0), bad(1), bad(2), bad(3), bad(4), good(5)];
    expect(await owner.slice(records)).toMatchObject({ kind: 'full', records: 4 });
    const full = '3 records in a row could not be used, nor can the one at offset 4 (undecodable)';
    expect(await owner.slice(records.slice(4))).toMatchObject({ kind: 'full', records: 0, full });
    expect(sent.filter(({ topic }) => topic === 'failed')).toHaveLength(3);
    expect(owner.nextOffset).toBe(4);
  });

  test('is not decided by an owner that was overtaken: the other one may have read it', async () => {
    const store = memoryStore();
    const young = ownerOf(store);
    await young.owner.load();
    let overtake: (() => Promise<unknown>) | null = null;
    const old = ownerOf({
      ...store,
      decide: async (decision) => {
        await overtake?.();
        overtake = null;
        return store.decide(decision);
      },
    });
    await old.owner.load();
    // By then the registry knows the schema.
    overtake = () => young.owner.slice([good(0)]);
    expect((await old.owner.slice([bad(0, unknownSchema)])).kind).toBe('restart');
    expect(old.sent).toEqual([]);
    expect(await store.decided(old.keys.decided(0))).toEqual(new Set());
  });

  test('that depends on time stays poison, although a later look would find the schema', async () => {
    const store = memoryStore();
    const { owner } = ownerOf(store, {
      send: async () => {
        throw new Error('power cut');
      },
    });
    await owner.load();
    await expect(owner.slice([bad(0, unknownSchema)])).rejects.toThrow('power cut');
    // The registry knows the schema by now: the record decodes.
    const later = ownerOf(store);
    await later.owner.load();
    const result = await later.owner.slice([good(0)]);
    expect(result.failures.map(({ reason }) => reason)).toEqual([unknownSchema]);
  });
});

test('a log whose beginning is gone is folded from where it begins', async () => {
  const store = memoryStore();
  const { owner, keys } = ownerOf(store);
  expect(await owner.load()).toBe(false);
  owner.startAt(3);
  expect(owner.nextOffset).toBe(3);
  await owner.slice(log.slice(3));
  expect(parseHeader(store.values.get(keys.header(0)) as Buffer).offsets).toEqual([6]);
  owner.startAt(0);
  expect(owner.nextOffset).toBe(6);
});
