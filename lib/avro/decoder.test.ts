import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TopicDecoder } from './decoder.ts';
import { encoderFor, openEncoder } from './encoder.ts';
import { memoryRegistry } from './memory-registry.ts';
import type { RegistryPort } from './registry.ts';

const schema = {
  type: 'record',
  name: 'Thing',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'value', type: ['null', 'double'], default: null },
    { name: 'notes', type: { type: 'map', values: 'string' }, default: {} },
    { name: 'tags', type: { type: 'array', items: 'string' }, default: [] },
  ],
};

interface Thing {
  readonly id: string;
  readonly at: number;
  readonly value: number | null;
  readonly notes: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
}

const thing: Thing = { id: 'a', at: 1, value: null, notes: {}, tags: [] };
const header = (id: number): Buffer => Buffer.from([0, 0, 0, 0, id]);
const withBody = (id: number, ...body: number[]): Buffer =>
  Buffer.concat([header(id), Buffer.from(body)]);

function decoderOn(registry: RegistryPort) {
  return new TopicDecoder<Thing>({
    registry,
    subject: 'things-value',
    schema,
    valueBytesMax: 1_000,
    graceMs: [1],
  });
}

async function decodeOne(value: Buffer | null, schemas: Readonly<Record<number, unknown>>) {
  const decoder = decoderOn(memoryRegistry({ 7: schema, ...schemas }));
  await decoder.prepare([value]);
  const result = decoder.decode(value);
  return result.ok ? 'ok' : result.reason;
}

/** id 'a', at 1, value null: what comes before `notes`. */
const upToNotes = [2, 97, 2, 0];

test('a value comes back as it went in', async () => {
  const registry = memoryRegistry({ 7: schema });
  const encode = await openEncoder<Thing>(registry, 'things-value', schema);
  const decoder = decoderOn(registry);
  const full = { ...thing, value: 2.5, notes: { ü: '1' }, tags: ['x', 'y'], at: 2 ** 52 - 1 };
  const bytes = encode(full);
  expect(bytes.subarray(0, 5)).toEqual(header(7));
  await decoder.prepare([bytes]);
  const decoded = decoder.decode(bytes);
  expect(decoded).toMatchObject({ ok: true, value: full });
});

describe('poison gets its typed reason', () => {
  const cases: readonly [string, Buffer | null, string][] = [
    ['a null value', null, 'empty_value'],
    ['no bytes', Buffer.alloc(0), 'empty_value'],
    ['3 bytes', Buffer.from([0, 0, 0]), 'too_short'],
    ['3 bytes of text', Buffer.from('abc'), 'too_short'],
    ['a header and nothing else', header(7), 'truncated'],
    ['JSON', Buffer.from('{"id":"a"}'), 'bad_magic'],
    ['an id that nobody registered', withBody(9, 2, 97), 'unknown_schema'],
    ['id 0', withBody(0, 2, 97), 'unknown_schema'],
    ['an id beyond 2^31', Buffer.from([0, 255, 255, 255, 255, 2]), 'unknown_schema'],
    ['a value cut short', withBody(7, 2, 97, 2), 'truncated'],
    ['a string longer than the value', withBody(7, 200, 1, 97), 'truncated'],
    ['bytes after the value', withBody(7, ...upToNotes, 0, 0, 1), 'trailing_bytes'],
    [
      'a long below -2^52, whose sign a double would lose',
      withBody(7, 2, 97, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10, 0, 0, 0),
      'number_out_of_range',
    ],
    [
      'a long above 2^53',
      withBody(7, 2, 97, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02, 0, 0, 0),
      'number_out_of_range',
    ],
    ['a number that never ends', withBody(7, 2, 97, ...Array(12).fill(0xff)), 'undecodable'],
    ['a union branch that is not there', withBody(7, 2, 97, 2, 8), 'undecodable'],
    ['text that is not UTF-8', withBody(7, 4, 0xc3, 0x28, 2, 0, 0, 0), 'undecodable'],
    ['a negative length', withBody(7, 3), 'undecodable'],
    [
      'a map of 2^48 entries',
      withBody(7, ...upToNotes, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1),
      'truncated',
    ],
    [
      'an array of 2^28 items',
      withBody(7, ...upToNotes, 0, 0x80, 0x80, 0x80, 0x80, 2),
      'truncated',
    ],
    [
      'a block that says another size than it has',
      withBody(7, ...upToNotes, 1, 40, 2, 97, 2, 98, 0, 0),
      'undecodable',
    ],
    [
      'the map key __proto__',
      withBody(7, ...upToNotes, 2, 18, ...Buffer.from('__proto__'), 2, 97, 0, 0),
      'undecodable',
    ],
    ['more bytes than allowed', Buffer.alloc(1_001), 'too_large'],
  ];
  test.for(cases)('%s', async ([, value, reason]) => {
    expect(await decodeOne(value, {})).toBe(reason);
  });

  test('a block with its right size is fine', async () => {
    expect(await decodeOne(withBody(7, ...upToNotes, 1, 8, 2, 97, 2, 98, 0, 0), {})).toBe('ok');
  });

  test('what was wrong is said without the content', async () => {
    const decoder = decoderOn(memoryRegistry({ 7: schema }));
    const value = withBody(7, 12, ...Buffer.from('secret'), 2, 8);
    await decoder.prepare([value]);
    expect(JSON.stringify(decoder.decode(value))).not.toContain('secret');
  });
});

describe('a schema that could be used against us is not read with', () => {
  const nested = (depth: number): unknown =>
    depth === 0 ? 'int' : { type: 'array', items: nested(depth - 1) };
  const record = (type: unknown) => ({
    ...schema,
    fields: [...schema.fields, { name: 'extra', type }],
  });
  const cases: readonly [string, unknown][] = [
    ['an array of nulls', record({ type: 'array', items: 'null' })],
    ['a map of nulls', record({ type: 'map', values: 'null' })],
    [
      'an array of empty records',
      record({ type: 'array', items: { type: 'record', name: 'E', fields: [] } }),
    ],
    ['a schema that holds itself', record({ type: 'array', items: 'Thing' })],
    ['a schema nested too deep', record(nested(40))],
    [
      'a schema nested until the stack ends',
      `${'{"type":"array","items":'.repeat(9_000)}"int"${'}'.repeat(9_000)}`,
    ],
    ['another record', { type: 'record', name: 'Other', fields: [{ name: 'a', type: 'int' }] }],
    ['no schema', '{"type":"nothing"}'],
    ['no JSON', '{'],
    ['a huge schema', JSON.stringify({ ...schema, doc: 'x'.repeat(300_000) })],
  ];
  test.for(cases)('%s', async ([, hostile]) => {
    expect(await decodeOne(withBody(8, 2, 97, 2, 0, 0, 0), { 8: hostile })).toBe('unsafe_schema');
  });
});

test('an older writer is read as the newer reader, defaults filled in', async () => {
  const older = { ...schema, fields: schema.fields.slice(0, 2) };
  const decoder = decoderOn(memoryRegistry({ 5: older }));
  const value = withBody(5, 2, 97, 2);
  await decoder.prepare([value]);
  expect(decoder.decode(value)).toMatchObject({ ok: true, value: thing });
});

test('whatever the bytes, decoding answers at once and never throws', async () => {
  const decoder = decoderOn(memoryRegistry({ 7: schema }));
  await decoder.prepare([withBody(7, 0)]);
  const valid = encoderFor<Thing>(schema, 7)({ ...thing, notes: { k: 'v' }, tags: ['t', 'u'] });
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(valid.length),
      fc.nat(valid.length),
      (noise, from, to) => {
        const value = Buffer.concat([header(7), noise]);
        const spliced = Buffer.concat([valid.subarray(0, from), noise, valid.subarray(to)]);
        for (const bytes of [value, spliced]) {
          const result = decoder.decode(bytes);
          if (!result.ok) continue;
          const again = encoderFor<Thing>(schema, 7)(result.value);
          expect(sha(decoder.decode(again))).toBe(sha(result));
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

const sha = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex');
