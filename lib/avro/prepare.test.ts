import { describe, expect, test } from 'vitest';
import { RetryableError } from '../errors.ts';
import { TopicDecoder, type TopicDecoderOptions } from './decoder.ts';
import { encoderFor } from './encoder.ts';
import { memoryRegistry } from './memory-registry.ts';
import type { RegistryPort } from './registry.ts';

const schema = { type: 'record', name: 'Thing', fields: [{ name: 'id', type: 'string' }] };

interface Thing {
  readonly id: string;
}

function decoderOn(registry: RegistryPort, more: Partial<TopicDecoderOptions> = {}) {
  return new TopicDecoder<Thing>({
    registry,
    subject: 'things-value',
    schema,
    valueBytesMax: 1_000,
    graceMs: [1],
    ...more,
  });
}

describe('asking the registry', () => {
  test('an id is asked for once, whatever the batch holds', async () => {
    const registry = memoryRegistry({ 7: schema });
    const decoder = decoderOn(registry);
    const value = encoderFor<Thing>(schema, 7)({ id: 'a' });
    await decoder.prepare([value, null, value, Buffer.from([0, 0, 0, 0, 7, 1]), Buffer.from('x')]);
    await decoder.prepare([value]);
    expect(registry.asked).toEqual(['schema 7', 'lookup things-value']);
  });

  test('an id of another subject is unknown, and says that it is registered elsewhere', async () => {
    const registry = memoryRegistry({ 7: schema, 8: 'not ours' }, [7]);
    const decoder = decoderOn(registry);
    const value = encoderFor<Thing>(schema, 7)({ id: 'a' });
    await decoder.prepare([value]);
    expect(decoder.decode(value)).toEqual({
      ok: false,
      reason: 'unknown_schema',
      detail: 'schema id 7 is registered, but not under things-value',
    });
  });

  test('an unknown id is asked for again within the grace, then not until its time is up', async () => {
    const registry = memoryRegistry({});
    const value = encoderFor<Thing>(schema, 7)({ id: 'a' });
    const decoder = decoderOn(registry, { graceMs: [1, 1], unknownMsMax: 60_000 });
    await decoder.prepare([value]);
    expect(registry.asked).toEqual(['schema 7', 'schema 7', 'schema 7']);
    registry.texts.set(7, JSON.stringify(schema));
    await decoder.prepare([value]);
    expect(registry.asked).toHaveLength(3);
    expect(decoder.decode(value).ok).toBe(false);
    const forgetful = decoderOn(memoryRegistry({ 7: schema }), { unknownMsMax: 0 });
    await forgetful.prepare([value]);
    expect(forgetful.decode(value).ok).toBe(true);
  });

  test('an id that appears within the grace is known', async () => {
    const registry = memoryRegistry({});
    const late: RegistryPort = {
      ...registry,
      async schemaOf(id) {
        const text = await registry.schemaOf(id);
        registry.texts.set(7, JSON.stringify(schema));
        return text;
      },
    };
    const decoder = decoderOn(late);
    const value = encoderFor<Thing>(schema, 7)({ id: 'a' });
    await decoder.prepare([value]);
    expect(decoder.decode(value).ok).toBe(true);
  });

  test('a registry that is away is not poison: prepare says so, and asks again next time', async () => {
    const registry = memoryRegistry({ 7: schema });
    let away = true;
    const decoder = decoderOn({
      ...registry,
      async schemaOf(id) {
        if (away) throw new RetryableError('away');
        return registry.schemaOf(id);
      },
    });
    const value = encoderFor<Thing>(schema, 7)({ id: 'a' });
    await expect(decoder.prepare([value])).rejects.toThrow(RetryableError);
    away = false;
    await decoder.prepare([value]);
    expect(decoder.decode(value).ok).toBe(true);
  });
});

test('what writers use is known from the start, whatever a registry in trouble says later', async () => {
  const registry = memoryRegistry({ 6: { ...schema, doc: 'before' }, 7: schema });
  const decoder = decoderOn(registry);
  await decoder.open();
  await decoder.open();
  expect(registry.asked).toEqual(['newest things-value']);
  registry.texts.clear();
  const value = encoderFor<Thing>(schema, 7)({ id: 'a' });
  await decoder.prepare([value]);
  expect(decoder.decode(value)).toEqual({ ok: true, value: { id: 'a' } });
  expect(registry.asked).toHaveLength(1);
});

test('a subject that has no schema yet is asked for again by the next opening', async () => {
  const registry = memoryRegistry({});
  const decoder = decoderOn(registry);
  await decoder.open();
  registry.texts.set(7, JSON.stringify(schema));
  await decoder.open();
  registry.texts.clear();
  const value = encoderFor<Thing>(schema, 7)({ id: 'a' });
  await decoder.prepare([value]);
  expect(decoder.decode(value).ok).toBe(true);
});
