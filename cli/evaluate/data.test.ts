import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';

import { readData } from './data.ts';

const folder = mkdtempSync(join(tmpdir(), 'freshet-data-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const head = 'user_id,item_id,event_type,timestamp_ms';
const events = join(folder, 'events.csv.gz');
writeFileSync(
  events,
  gzipSync(
    [
      head,
      'u,a,view,1700000002000',
      'u,b,read,1700000001000',
      'u,,view,1700000000000',
      'v,c,view,1700000003000',
      '',
    ].join('\n'),
  ),
);
writeFileSync(
  join(folder, 'items.csv'),
  ['item_id,title,categories', 'a,A,x|y', 'b,B,', ',none,x', ''].join('\n'),
);

test('a folder: events in order of time, items beside them, faults said and left out', async () => {
  const { table, items, categories, faults } = await readData(folder, { types: ['view'] });
  expect([...table.item].map((item) => table.itemIds[item])).toEqual(['a', 'c']);
  expect(items?.size).toBe(2);
  expect([...categories]).toEqual([['a', new Set(['x', 'y'])]]);
  expect(faults.count).toBe(3);
  expect(faults.lines('events').join('\n')).toContain('unknown_type');
});

test('a file: whatever types it has, where none are named', async () => {
  const { table, items } = await readData(events, { types: null });
  expect([...table.atMs]).toEqual([1, 2, 3].map((s) => 1_700_000_000_000 + 1000 * s));
  expect(table.types.toSorted()).toEqual(['read', 'view']);
  expect(items).toBeNull();
});

test('what is not there is said', async () => {
  await expect(readData(join(folder, 'none.csv'), { types: null })).rejects.toThrow('none.csv');
  const empty = mkdtempSync(join(folder, 'empty-'));
  await expect(readData(empty, { types: null })).rejects.toThrow('has no events.csv.gz');
});
