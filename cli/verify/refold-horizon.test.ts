import { expect, test } from 'vitest';

import { formatHeader } from '../../lib/stream/header.ts';
import { drive } from '../../lib/stream/memory-driver.ts';
import { forgettingFold, forgettingOracle, happened } from '../../test/support/forgetting-fold.ts';
import type { AnyFold } from './folds.ts';
import { Refold } from './refold.ts';
import { Findings } from './report.ts';
import type { StoredChunk, StoredPartition } from './stored.ts';

const horizonMs = 20;
const fold = forgettingFold(horizonMs);
/** a stays away from 10 to 101; b is there at 50; c comes at 100 and again at 102. */
const log = [
  happened(0, [{ key: 'a', n: 1, atMs: 10 }]),
  happened(1, [{ key: 'b', n: 2, atMs: 50 }]),
  happened(2, [{ key: 'c', n: 3, atMs: 100 }]),
  happened(3, [{ key: 'a', n: 4, atMs: 101 }]),
  happened(4, [{ key: 'c', n: 5, atMs: 102 }]),
];

/** What an owner had stored at some offset, as one command would read these keys. */
async function readAt(offset: number, keys: readonly string[]): Promise<StoredChunk> {
  const { rows, header } = await drive(fold, log.slice(0, offset));
  const headerText = header === null ? null : formatHeader(header);
  const values = keys.map((key) => rows.get(key) ?? null);
  return { headerText, offset, keys, values, shared: null };
}

async function differences(
  before: number,
  chunks: readonly StoredChunk[],
  listed = chunks.flatMap(({ keys }) => keys),
): Promise<string[]> {
  const { header } = await drive(fold, log.slice(0, before));
  const stored: StoredPartition = { partition: 0, before: header, keys: new Set(listed), chunks };
  const findings = new Findings();
  const refold = new Refold({
    fold: fold as unknown as AnyFold,
    stored,
    findings,
    low: 0,
    stayFailed: new Set(),
    moments: [],
    describe: String,
  });
  for (const record of log) refold.take(record);
  refold.finish();
  return findings.examples.map(({ where, what }) => `${where.split(' ')[1]} ${what.split(':')[0]}`);
}

/** The chunk as it is when a sweep has been there. */
const without = (chunk: StoredChunk, key: string): StoredChunk => ({
  ...chunk,
  values: chunk.values.map((value, at) => (chunk.keys[at] === key ? null : value)),
});

test('a row past the horizon may be there, or swept', async () => {
  const chunk = await readAt(3, ['a', 'b', 'c']);
  expect(chunk.values.every((value) => value !== null)).toBe(true);
  expect(await differences(3, [chunk])).toEqual([]);
  expect(await differences(3, [without(without(chunk, 'a'), 'b')])).toEqual([]);
});

test('a row within the horizon must be there', async () => {
  const chunk = await readAt(3, ['a', 'b', 'c']);
  expect(await differences(3, [without(chunk, 'c')])).toEqual(['c is missing']);
  expect(await differences(3, [chunk], ['a', 'b'])).toEqual(['c is missing']);
});

test('a row that seems to have expired, or not to have, is found', async () => {
  const chunk = await readAt(3, ['a', 'c']);
  const damaged = (key: string, text: string): StoredChunk => ({
    ...chunk,
    values: chunk.values.map((value, at) => (chunk.keys[at] === key ? Buffer.from(text) : value)),
  });
  expect(await differences(3, [damaged('c', '1 4 10')], ['a', 'b', 'c'])).toEqual(['c is missing']);
  expect(await differences(3, [damaged('a', '1 2 90')], ['a', 'b', 'c'])).toEqual([
    'a must not be',
  ]);
});

test('what is swept while keys are listed is not missed, nor who comes back meanwhile', async () => {
  // Listed after the first record; read at the end. a was swept, and is there again.
  expect(await differences(1, [await readAt(5, [])], [])).toEqual([]);
  // At the second record b cannot have been swept: its listing ends before it expires.
  expect(await differences(2, [await readAt(2, ['a'])], ['a'])).toEqual(['b is missing']);
  expect(await differences(2, [await readAt(3, [])], [])).toEqual([]);
});

test('what the fold emits again is what it emitted', () => {
  const findings = new Findings();
  const stored = { partition: 0, before: null, keys: new Set<string>(), chunks: [] };
  const options = { fold: fold as unknown as AnyFold, stored, findings, low: 0, moments: [] };
  const refold = new Refold({ ...options, stayFailed: new Set(), describe: String });
  for (const record of log) refold.take(record);
  const outs = refold.collect().outs.map(({ out, offset }) => `${offset} ${String(out)}`);
  expect(outs).toEqual(forgettingOracle(log, horizonMs).emitted);
});

test('a pack is judged as if its source records had come one by one', async () => {
  const { fold: whole, input } = fold;
  const packed = {
    ...fold,
    // One source record per unit, of the offset that its number says.
    input: {
      ...input,
      lineage: 'source',
      decode: (record: (typeof log)[number]) => {
        const decoded = input.decode(record);
        if (!('units' in decoded)) return decoded;
        const units = decoded.units.map((unit) => ({
          ...unit,
          position: { lineage: 'source', partition: 0, offset: unit.input.n },
        }));
        return { ...decoded, units };
      },
    },
    fold: whole,
  };
  const units = [
    { key: 'a', n: 1, atMs: 10 },
    { key: 'b', n: 2, atMs: 50 },
    { key: 'a', n: 3, atMs: 51 },
  ];
  const cuts = [[units], units.map((unit) => [unit])];
  for (const cut of cuts) {
    const records = cut.map((own, offset) => happened(offset, own));
    const { rows, header } = await drive(packed, records);
    expect(rows.get('a')?.toString().split(' ')[0]).toBe('1');
    const chunk: StoredChunk = {
      headerText: header === null ? null : formatHeader(header),
      offset: records.length,
      keys: [...rows.keys()],
      values: [...rows.values()],
      shared: null,
    };
    const findings = new Findings();
    const stored = { partition: 0, before: header, keys: new Set(rows.keys()), chunks: [chunk] };
    const refold = new Refold({
      fold: packed as unknown as AnyFold,
      stored,
      findings,
      low: 0,
      stayFailed: new Set(),
      moments: [],
      describe: String,
    });
    for (const record of records) refold.take(record);
    refold.finish();
    expect(findings.examples).toEqual([]);
  }
});
