import { expect, test } from 'vitest';

import { encoderFor } from './encoder.ts';
import { openOwnShape } from './own-shape.ts';
import { headerBytes } from './reader.ts';

const schema = {
  type: 'record',
  name: 'Theirs',
  fields: [
    { name: 'uid', type: 'string' },
    { name: 'at', type: 'long' },
    { name: 'more', type: { type: 'map', values: 'string' } },
  ],
};
const value = encoderFor(schema, 9)({ uid: 'ann', at: 5, more: { a: 'b' } });

const read = (bytes: Buffer, text: unknown = schema) => {
  const reader = openOwnShape(JSON.stringify(text));
  if (reader.kind === 'refused') return reader.detail;
  return reader.read(bytes, headerBytes);
};

test('a value is read in the names of who wrote it', () => {
  expect(read(value)).toEqual({ fields: { uid: 'ann', at: 5, more: { a: 'b' } }, fault: null });
});

test('what was cut is read as far as it goes', () => {
  const cut = value.subarray(0, -2);
  expect(read(cut)).toEqual({
    fields: { uid: 'ann', at: 5 },
    fault: { field: 'more', reason: 'truncated' },
  });
  expect(read(value.subarray(0, 3))).toEqual({
    fields: {},
    fault: { field: 'uid', reason: 'truncated' },
  });
});

test('what is left over is said, and all before it is there', () => {
  const longer = Buffer.concat([value, Buffer.from([0])]);
  expect(read(longer)).toMatchObject({
    fields: { uid: 'ann', at: 5 },
    fault: { field: null, reason: 'trailing_bytes' },
  });
});

test('a number that is too large ends the reading', () => {
  const head = encoderFor({ ...schema, fields: schema.fields.slice(0, 1) }, 9)({ uid: 'ann' });
  const above = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
  expect(read(Buffer.concat([head, above]))).toEqual({
    fields: { uid: 'ann' },
    fault: { field: 'at', reason: 'number_out_of_range' },
  });
});

test('a schema that services would refuse is refused here, too', () => {
  const bomb = {
    type: 'record',
    name: 'B',
    fields: [{ name: 'n', type: { type: 'array', items: 'null' } }],
  };
  expect(read(value, bomb)).toContain('not admitted');
  expect(read(value, 'string')).toBe('the schema is no record');
  expect(read(value, { type: 'nothing' })).toBe('the schema does not parse');
});
