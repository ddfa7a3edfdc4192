import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { encodeId, idBytesMax } from './cell-ids.ts';
import { type CellLayout, Cells, cellsCodec, emptyCells, headAt, roomFor } from './cells.ts';

/** One column, which counts; hashes of ids stored before it, or made on reading. */
const common = { version: 7, headBytes: 16, roomMin: 4 };
const layouts: readonly (readonly [name: string, layout: CellLayout, countAt: number])[] = [
  ['with stored hashes', { ...common, idAt: 8, storesMarks: true }, 4],
  ['with hashes made on reading', { ...common, idAt: 4, storesMarks: false }, 0],
];
const cellsMax = 9;

const codecOf = (layout: CellLayout) =>
  cellsCodec('counts', layout, (bytes) => new Cells(layout, bytes, true));

/** Counts the id; false where there is no room. */
const count = (row: Cells, id: string, countAt: number): boolean => {
  if (!encodeId(id)) return false;
  const found = row.find();
  const cell = found >= 0 ? found : row.append(cellsMax);
  if (cell < 0) return false;
  if (found < 0) row.putId(cell);
  const index = (row.layout.headBytes + cell * row.size + countAt) >> 2;
  row.floats[index] = (row.floats[index] as number) + 1;
  row.touch(cell);
  return true;
};

const countsOf = (row: Cells, countAt: number): Map<string, number> =>
  new Map(
    Array.from({ length: row.used }, (_, cell) => {
      const start = row.layout.headBytes + cell * row.size;
      const id = row.bytes.subarray(start + row.layout.idAt, start + row.size);
      const end = id.indexOf(0xff);
      const text = id.toString('utf8', 0, end < 0 ? id.length : end);
      return [text, row.floats[(start + countAt) >> 2] as number];
    }),
  );

const save = (row: Cells, stored: Buffer): Buffer => {
  const write = codecOf(row.layout).encode(row);
  if ('whole' in write) return Buffer.from(write.whole);
  for (const { at, bytes } of write.patches) bytes.copy(stored, at);
  return stored;
};

const id = fc.oneof(
  fc.integer({ min: 0, max: 12 }).map((n) => `i${n}`),
  fc.constantFrom('', 'Größe', '商品-1', 'ab', 'abcdefgh', 'abcdefghi', 'rather-a-long-identifier'),
);

describe.each(layouts)('rows of cells %s', (_, layout, countAt) => {
  test('hold what a map would, wherever they are stored and read again', () => {
    const steps = fc.array(fc.record({ id, saves: fc.boolean(), reads: fc.boolean() }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (given) => {
        const wanted = new Map<string, number>();
        let row = new Cells(layout, emptyCells(layout, cellsMax), false);
        let stored: Buffer = Buffer.alloc(0);
        for (const { id: one, saves, reads } of given) {
          const isRoom = wanted.has(one) || wanted.size < cellsMax;
          expect(count(row, one, countAt)).toBe(isRoom);
          if (isRoom) wanted.set(one, (wanted.get(one) ?? 0) + 1);
          if (saves) stored = save(row, stored);
          if (saves) expect(stored).toEqual(row.bytes);
          if (saves && reads) row = codecOf(layout).decode(Buffer.from(stored));
          expect(countsOf(row, countAt)).toEqual(wanted);
        }
      }),
    );
  });

  test('scale one column, and are written whole then', () => {
    const row = new Cells(layout, emptyCells(layout, cellsMax), false);
    for (const one of ['a', 'b', 'b', 'a-rather-long-one']) count(row, one, countAt);
    const stored = save(row, Buffer.alloc(0));
    row.scale(countAt, 0.5);
    expect(countsOf(codecOf(layout).decode(save(row, stored)), countAt)).toEqual(
      new Map([
        ['a', 0.5],
        ['b', 1],
        ['a-rather-long-one', 0.5],
      ]),
    );
  });

  test.each([
    ['of another version', (bytes: Buffer) => bytes.fill(8, headAt.layout, 1)],
    ['cut off', (bytes: Buffer) => bytes.subarray(0, -4)],
  ])('are refused %s', (__, spoil) => {
    const spoilt = spoil(emptyCells(layout, cellsMax));
    expect(() => codecOf(layout).decode(spoilt)).toThrow(
      `counts: a stored row has an unknown layout (${spoilt.length} bytes)`,
    );
  });

  test('take no id that is too long', () => {
    const row = new Cells(layout, emptyCells(layout, cellsMax), false);
    expect(count(row, 'x'.repeat(idBytesMax + 1), countAt)).toBe(false);
    expect(count(row, 'ö'.repeat(idBytesMax / 2 + 1), countAt)).toBe(false);
    expect(count(row, 'x'.repeat(idBytesMax), countAt)).toBe(true);
    expect([...countsOf(row, countAt).keys()]).toEqual(['x'.repeat(idBytesMax)]);
  });
});

test('room doubles up to the configured number', () => {
  expect([1, 4, 5, 300, 600].map((cells) => roomFor(cells, 700))).toEqual([4, 4, 8, 512, 700]);
  expect(roomFor(1, 3)).toBe(3);
});
