import { expect, test } from 'vitest';

import { drive } from '../../lib/stream/memory-driver.ts';
import { formatHeader, type Header } from '../../lib/stream/header.ts';
import { countingFold, countingRecord } from '../../test/support/counting-fold.ts';
import type { AnyFold } from './folds.ts';
import { Refold } from './refold.ts';
import { Findings } from './report.ts';
import type { StoredPartition } from './stored.ts';

const log = Array.from({ length: 40 }, (_, offset) =>
  countingRecord(offset, {
    from: { lineage: 'source', partition: 0, offset: offset - Number(offset % 7 === 3) },
    units: [{ key: `k${offset % 5}`, n: offset % 10 }],
  }),
);
const fold = countingFold();

/** What the runner would have stored at some offset, read as one chunk. */
async function storedAt(
  offset: number,
): Promise<StoredPartition['chunks'][number] & { header: Header }> {
  const { rows, shared, header } = await drive(fold, log.slice(0, offset));
  const keys = [...rows.keys()];
  const values = keys.map((key) => rows.get(key) ?? null);
  if (header === null) throw new Error('nothing was folded');
  return {
    header,
    headerText: formatHeader(header),
    offset,
    keys,
    values,
    shared: { value: shared },
  };
}

async function differences(
  offsets: readonly number[],
  change: (stored: StoredPartition) => StoredPartition = (stored) => stored,
  low = 0,
) {
  const chunks = await Promise.all(offsets.map(storedAt));
  const [first] = chunks;
  // A value is encoded whole once only: each key lies in one chunk.
  const parts = chunks.map((chunk, n) => {
    const mine = chunk.keys.flatMap((_, at) => (at % chunks.length === n ? [at] : []));
    return {
      ...chunk,
      keys: mine.map((at) => chunk.keys[at] ?? ''),
      values: mine.map((at) => chunk.values[at] ?? null),
      shared: n === chunks.length - 1 ? chunk.shared : null,
    };
  });
  const keys = new Set(parts.flatMap((part) => part.keys));
  const stored = change({ partition: 0, before: first?.header ?? null, keys, chunks: parts });
  const findings = new Findings();
  const refold = new Refold({
    fold: fold as unknown as AnyFold,
    stored,
    findings,
    low,
    stayFailed: new Set(),
    moments: [],
    describe: (bytes) => bytes.toString('hex'),
  });
  for (const record of log) refold.take(record);
  refold.finish();
  return { findings, refold };
}

test('chunks that were read while the service went on are each compared at their own offset', async () => {
  expect((await differences([10, 10, 17, 40])).findings.count).toBe(0);
});

test('a chunk that says another offset than its values have is found', async () => {
  const { findings } = await differences([10, 20], (stored) => ({
    ...stored,
    chunks: stored.chunks.map((chunk) => ({ ...chunk, offset: 20 })),
  }));
  expect(findings.count).toBeGreaterThan(0);
});

test('state ahead of the end of its log is found', async () => {
  const { findings } = await differences([20], (stored) => ({
    ...stored,
    chunks: stored.chunks.map((chunk) => ({ ...chunk, offset: 41 })),
  }));
  expect(findings.examples.at(-1)?.what).toBe('stands at 41, the log ends at 40');
});

test('where a log was cut, values that cannot be folded again are counted and not blamed', async () => {
  const { findings, refold } = await differences(
    [20],
    (stored) => ({
      ...stored,
      chunks: stored.chunks.map((chunk) => ({
        ...chunk,
        values: chunk.values.map(() => Buffer.from('older')),
      })),
    }),
    5,
  );
  expect([findings.count, refold.notComparable]).toEqual([0, 5]);
});

test('a record that failed for an unknown schema stays failed, although it can be read by now', () => {
  const findings = new Findings();
  const refold = new Refold({
    fold: fold as unknown as AnyFold,
    stored: { partition: 0, before: null, keys: new Set(), chunks: [] },
    findings,
    low: 0,
    stayFailed: new Set([1]),
    moments: [],
    describe: String,
  });
  for (const record of log.slice(0, 3)) refold.take(record);
  const { outs, failed } = refold.collect();
  expect(outs.map(({ offset }) => offset)).toEqual([0, 2]);
  expect(failed.map(({ record, reason }) => [record.offset, reason])).toEqual([
    [1, 'unknown_schema'],
  ]);
});
