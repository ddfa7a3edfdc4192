import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';

import { cellsOf } from './csv.ts';
import { eventColumns, type EventRules, eventOf } from './event-rows.ts';
import { FieldFault } from './fields.ts';
import type { InputFile } from './input-file.ts';
import { holdsEvents, itemOf } from './item-rows.ts';
import { lineBytesMax, linesOf } from './lines.ts';
import { type Row, rowsOf } from './rows.ts';

/** Content in pieces of a few bytes: cuts must not show. */
const fileOf = (content: string | Buffer, pieceBytes = 3): InputFile => {
  const bytes = Buffer.from(content as string);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    pieces.push(bytes.subarray(at, at + pieceBytes));
  }
  return {
    name: 'f.csv',
    sha16: createHash('sha256').update(bytes).digest('hex').slice(0, 16),
    open: () => Readable.from(pieces),
    close: () => undefined,
  };
};

async function rowsIn(content: string | Buffer, pieceBytes?: number): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const some of rowsOf(fileOf(content, pieceBytes))) rows.push(...some);
  return rows;
}

describe('cells', () => {
  const cases: readonly [string, string[] | null][] = [
    ['a,b,,d', ['a', 'b', '', 'd']],
    ['', ['']],
    ['"a,b",c', ['a,b', 'c']],
    ['"say ""hi""",', ['say "hi"', '']],
    ['a,"b', null],
    ['"""","x"', ['"', 'x']],
    ['a,""', ['a', '']],
  ];
  test.for(cases)('%s', ([text, cells]) => {
    expect(cellsOf(text)).toEqual(cells);
  });
});

test('CSV rows are numbered without the header, lines with it', async () => {
  const rows = await rowsIn('user_id,item_id\r\nu1,i1\r\n\r\nu2,"a\nb"\nu3,i3');
  expect(rows).toMatchObject([
    { line: 2, row: 1, fields: { user_id: 'u1', item_id: 'i1' } },
    { line: 4, row: 2, fields: { user_id: 'u2', item_id: 'a\nb' } },
    { line: 6, row: 3, fields: { user_id: 'u3', item_id: 'i3' } },
  ]);
});

test('a row with a fault is named and the next ones are read', async () => {
  const rows = await rowsIn('a,b\n1\n1,2,3\n1,2\n1,"2');
  expect(rows.map(({ line, fault }) => [line, fault])).toEqual([
    [2, 'has 1 cells, and the header 2'],
    [3, 'has 3 cells, and the header 2'],
    [4, null],
    [5, 'has a quote that is not closed'],
  ]);
});

test('JSON lines are told apart from CSV by their first character', async () => {
  const rows = await rowsIn('\uFEFF{"a":1}\n\n[1]\n{"a":\n{"a":"ü€🦉"}\n');
  expect(rows).toMatchObject([
    { line: 1, row: 1, fields: { a: 1 } },
    { line: 3, row: 2, fault: 'is not a JSON object' },
    { line: 4, row: 3, fault: 'is not JSON' },
    { line: 5, row: 4, fields: { a: 'ü€🦉' } },
  ]);
});

test('bytes that are no UTF-8 and lines without end are faults, not garbage', async () => {
  const broken = Buffer.concat([Buffer.from('a,b\n1,'), Buffer.from([0xff]), Buffer.from('\n1,2')]);
  expect((await rowsIn(broken)).map(({ fault }) => fault)).toEqual(['is not valid UTF-8', null]);
  const long = `a,b\n${'x'.repeat(lineBytesMax + 1)}\n1,2\n`;
  const faults = (await rowsIn(long, 65_536)).map(({ fault }) => fault);
  expect(faults).toEqual([`is too long: at most ${lineBytesMax} bytes`, null]);
});

test('a file that is neither is refused with its name', async () => {
  await expect(rowsIn('a,,b\n1,2,3')).rejects.toThrow('f.csv: line 1');
  expect(await rowsIn('')).toEqual([]);
});

test('a header that lacks columns is refused once, with all that it lacks', async () => {
  const read = async (content: string): Promise<number> => {
    let count = 0;
    for await (const rows of rowsOf(fileOf(content), eventColumns)) count += rows.length;
    return count;
  };
  await expect(read('user,item_id,timestamp_ms\nu,i,1\nu,i,2')).rejects.toThrow(
    'f.csv: line 1, the header, lacks user_id, type or event_type; it has user, item_id, timestamp_ms',
  );
  expect(await read('timestamp_ms,event_type,item_id,user_id\n1,view,i,u')).toBe(1);
  expect(await read('{"user":"u"}\n{"user":"u"}')).toBe(2);
});

test('lines are the same however the file is cut', async () => {
  const texts = async (pieceBytes: number): Promise<(string | null)[]> => {
    const found: (string | null)[] = [];
    for await (const lines of linesOf(fileOf('a\n\nüb\r\nc', pieceBytes).open())) {
      found.push(...lines.map(({ text }) => text));
    }
    return found;
  };
  for (const pieceBytes of [1, 2, 5, 100]) {
    expect(await texts(pieceBytes)).toEqual(['a', '', 'üb', 'c']);
  }
});

test('a first line that is too long is said to be', async () => {
  const long = `{"user_id":"${'u'.repeat(3 * 1024 * 1024)}"}`;
  await expect(rowsIn(long, 65_536)).rejects.toThrow('f.csv: line 1 is too long: at most 1048576');
});

const nowMs = 1_700_000_000_000;
const rules: EventRules = {
  nowMs,
  shiftMs: 0,
  limits: {
    types: new Set(['view', 'purchase']),
    aheadMsMax: 60_000,
    ageMsMax: 5 * 365 * 86_400_000,
    idBytesMax: 128,
    attributesMax: 32,
    attributesBytesMax: 4_096,
    anonymousPrefix: '',
  },
};
const good = { user_id: 'u', item_id: 'i', type: 'view', occurred_at: nowMs - 1_000 };
const faultOf = (fields: Record<string, unknown>): string => {
  try {
    eventOf(fields, 'own-1', rules);
    return '';
  } catch (error) {
    if (!(error instanceof FieldFault)) throw error;
    return error.message;
  }
};

describe('an event', () => {
  test('has an id of its own or else the row’s; numbers count as ids', () => {
    expect(eventOf({ ...good, user_id: 17850 }, 'own-1', rules)).toMatchObject({
      event_id: 'own-1',
      user_id: '17850',
      context_id: null,
      attributes: {},
    });
    expect(eventOf({ ...good, event_id: 'e' }, 'own-1', rules).event_id).toBe('e');
  });

  test('takes times in three forms, and is moved by the shift', () => {
    const at = (occurred_at: unknown): number =>
      eventOf({ ...good, occurred_at }, 'x', { ...rules, shiftMs: 5 }).occurred_at;
    expect(at('now')).toBe(nowMs + 5);
    expect(at('2023-11-14T22:13:20Z')).toBe(nowMs + 5);
    expect(at('2023-11-14T23:13:20.000+01:00')).toBe(nowMs + 5);
    expect(at(String(nowMs))).toBe(nowMs + 5);
  });

  test('knows its fields by the names of both forms', () => {
    const { type: event_type, occurred_at: timestamp_ms, ...rest } = good;
    const fields = { ...rest, event_type, timestamp_ms: String(timestamp_ms), 'attributes.a': '1' };
    expect(eventOf(fields, 'x', rules)).toMatchObject({
      type: 'view',
      occurred_at: nowMs - 1_000,
      attributes: { a: '1' },
    });
  });

  const faults: readonly [Record<string, unknown>, string][] = [
    [{ user_id: '' }, 'user_id: is missing'],
    [{ item_id: null }, 'item_id: is missing'],
    [{ item_id: ['i'] }, 'item_id: must be text'],
    [{ occurred_at: undefined }, 'occurred_at or timestamp_ms: is missing'],
    [{ occurred_at: 1_700_000_000 }, 'looks like seconds'],
    [{ occurred_at: 'yesterday' }, 'must be milliseconds'],
    [{ occurred_at: '2023-11-14T22:13:20' }, 'must be milliseconds'],
    [{ occurred_at: nowMs + 120_000 }, 'from_the_future: occurred_at: is in the future; at most'],
    [{ occurred_at: nowMs - 4_000 * 86_400_000 }, 'ancient: occurred_at: is too long ago; at most'],
    [{ type: 'stare' }, 'unknown_type'],
    [{ value: 'x' }, 'value: must be a finite number'],
    [{ attributes: [] }, 'attributes: must be an object'],
    [{ attributes: { a: {} } }, 'attributes.a: must be text'],
  ];
  test.for(faults)('with %j is refused', ([change, said]) => {
    expect(faultOf({ ...good, ...change })).toContain(said);
  });
});

test('an item takes categories as a list or as one cell', () => {
  expect(itemOf({ item_id: 'i', categories: ['a', 'b', 'a'] }, nowMs).categories).toEqual([
    'a',
    'b',
  ]);
  expect(itemOf({ item_id: 'i', categories: 'a| b ;' }, nowMs).categories).toEqual(['a', 'b']);
  expect(itemOf({ item_id: 1 }, nowMs)).toMatchObject({ item_id: '1', title: '', categories: [] });
  expect(() => itemOf({ title: 'x' }, nowMs)).toThrow('item_id: is missing');
});

const itemFiles: readonly [string, string, boolean][] = [
  ['events as CSV', 'user_id,item_id,type,occurred_at\nu,i,view,now', true],
  ['events as JSON', '{"user_id":"u","item_id":"i","event_type":"view"}\n', true],
  ['ids alone', 'item_id\ni1\ni2', false],
  ['items', 'item_id,title\ni1,\ni2,Lantern', false],
  ['items of sellers', '{"item_id":"i","user_id":"u","type":"new","title":"Lantern"}', false],
  ['nothing', '', false],
];

test.for(itemFiles)('%s, given as items', async ([, content, isEvents]) => {
  expect(await holdsEvents(fileOf(content))).toBe(isEvents);
});
