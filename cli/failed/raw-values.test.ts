import { expect, test } from 'vitest';

import { encoderFor } from '../../lib/avro/encoder.ts';
import { memoryRegistry } from '../../lib/avro/memory-registry.ts';
import { RawValues } from './raw-values.ts';

const schema = { type: 'record', name: 'Theirs', fields: [{ name: 'uid', type: 'string' }] };
const value = encoderFor(schema, 7)({ uid: 'ann' });
const raw = new RawValues({
  registry: memoryRegistry({ 7: schema }),
  ofVersion: async (subject, version) =>
    subject === 't-value' && version === 2 ? JSON.stringify(schema) : null,
});
const open = (bytes: Buffer | null, as?: string) => raw.open(bytes, 't', as);
const ann = { fields: { uid: 'ann' }, fault: null };

test('bytes are read by the schema that they name, or by the one that they are of', async () => {
  expect(await open(value)).toEqual({ how: 'schema id 7', ...ann });
  const other = Buffer.from(value);
  other[4] = 9;
  expect(await open(other)).toMatchObject({ how: 'schema id 9', fields: null });
  expect(await open(other, 'schema:7')).toMatchObject(ann);
  expect(await open(value.subarray(5), 'bare:7')).toMatchObject(ann);
  expect(await open(other, 'version:2')).toEqual({ how: 'version 2 of t-value', ...ann });
  expect(await open(other, 'version:3')).toMatchObject({
    fields: null,
    fault: 'the registry knows no such Avro schema',
  });
});

test('JSON is read as such, and what it is not is said without what it is', async () => {
  const json = Buffer.from('{"uid":"ann"}');
  expect(await open(json)).toEqual({ how: 'JSON', ...ann });
  expect(await open(json, 'json')).toEqual({ how: 'JSON', ...ann });
  for (const text of ['uid=ann-secret', '["ann-secret"]', '{"uid":"ann-secret"']) {
    const opened = await open(Buffer.from(text), 'json');
    expect(opened).toEqual({ how: 'JSON', fields: null, fault: 'the bytes are no JSON object' });
  }
  expect(await open(Buffer.from('uid=ann'))).toMatchObject({ how: 'bytes', fields: null });
  const deep = `{"uid":"ann","more":${'['.repeat(40)}${']'.repeat(40)}}`;
  const nested = { fields: null, fault: expect.stringContaining('more than 32 deep') as string };
  expect(await open(Buffer.from(deep))).toEqual({ how: 'JSON', ...nested });
});

test('what was cut is read as far as it goes, and nothing is nothing', async () => {
  expect(await open(value.subarray(0, -1))).toEqual({
    how: 'schema id 7',
    fields: {},
    fault: 'uid: truncated',
  });
  const longer = Buffer.concat([value, Buffer.from('x')]);
  expect(await open(longer)).toMatchObject({ fields: { uid: 'ann' }, fault: 'trailing_bytes' });
  expect(await open(null)).toMatchObject({ fields: null });
  expect(await open(Buffer.from([0, 1]))).toMatchObject({ fields: null });
});
