import { expect, test } from 'vitest';
import { encoderFor, openEncoder } from './encoder.ts';
import { memoryRegistry } from './memory-registry.ts';

const schema = {
  type: 'record',
  name: 'Thing',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'at', type: 'long' },
  ],
};

interface Thing {
  readonly id: string;
  readonly at: number;
}

const thing: Thing = { id: 'a', at: 1 };
const header = Buffer.from([0, 0, 0, 0, 7]);

test('values larger than the scratch buffer are encoded whole', () => {
  const encode = encoderFor<Thing>(schema, 7);
  const id = 'x'.repeat(200_000);
  expect(encode({ ...thing, id }).length).toBe(encode(thing).length + 199_999 + 2);
  expect(encode(thing).subarray(0, 5)).toEqual(header);
});

test('an encoding error names the field and never the value', () => {
  const encode = encoderFor<Thing>(schema, 7);
  const wrong = { ...thing, at: 'secret' } as unknown as Thing;
  expect(() => encode(wrong)).toThrow('not a Thing: at is no long');
});

test('an encoder without its schema in the registry names the command', async () => {
  const registry = memoryRegistry({});
  await expect(openEncoder(registry, 'things-value', schema)).rejects.toThrow(
    'freshet schemas apply',
  );
});
