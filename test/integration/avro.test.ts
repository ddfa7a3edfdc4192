import { randomUUID } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { registerSchema } from '../../lib/avro/register.ts';
import { callRegistry, openRegistry } from '../../lib/avro/registry.ts';
import { RefusedError, RetryableError, UserError } from '../../lib/errors.ts';

const config = { url: inject('registryUrl'), timeoutMs: 5_000 };
const registry = openRegistry(config);
const newSubject = (): string => `avro-${randomUUID()}-value`;

interface Thing {
  readonly id: string;
}

const id = { name: 'id', type: 'string' };
const schemaOf = (...fields: object[]): object => ({
  type: 'record',
  name: 'Thing',
  namespace: 'test',
  fields: [id, ...fields],
});
const count = (name: string, defaultValue?: number): object => ({
  name,
  type: 'int',
  ...(defaultValue === undefined ? {} : { default: defaultValue }),
});
const register = (subject: string, schema: object): Promise<number> =>
  registerSchema(config, subject, JSON.stringify(schema));

describe('registering', () => {
  test('sets the compatibility, gives an id, and changes nothing when done again', async () => {
    const subject = newSubject();
    const first = await register(subject, schemaOf());
    expect(await register(subject, schemaOf())).toBe(first);
    const { body } = await callRegistry(config, `/config/${subject}`, { method: 'GET' });
    expect(body['compatibilityLevel']).toBe('BACKWARD_TRANSITIVE');
    expect(await registry.idOf(subject, JSON.stringify(schemaOf()))).toBe(first);
  });

  test('an incompatible schema is refused in one line with its subject', async () => {
    const subject = newSubject();
    await register(subject, schemaOf());
    const error = await register(subject, schemaOf(count('n'))).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    const { message } = error as Error;
    expect(message).toContain(subject);
    expect(message).toContain('refused by the registry');
    expect(message).not.toContain('\n');
  });

  test('a schema that reads the last version but not the one before is refused', async () => {
    const subject = newSubject();
    await register(subject, schemaOf());
    await register(subject, schemaOf(count('n', 0)));
    // Reads version 2, which always has the field; version 1 never had it.
    await expect(register(subject, schemaOf(count('n')))).rejects.toThrow(UserError);
  });
});

describe('reading', () => {
  const decoderOf = (subject: string, schema: object) =>
    new TopicDecoder<Thing>({ registry, subject, schema, valueBytesMax: 1_000, graceMs: [10] });

  test('an older version’s record is read with the newer schema', async () => {
    const subject = newSubject();
    await register(subject, schemaOf());
    const encode = await openEncoder<Thing>(registry, subject, schemaOf());
    const value = encode({ id: 'a' });
    const newer = schemaOf(count('n', 7));
    await register(subject, newer);
    const decoder = decoderOf(subject, newer);
    await decoder.prepare([value]);
    expect(decoder.decode(value)).toMatchObject({ ok: true, value: { id: 'a', n: 7 } });
  });

  test('ids of nobody and of another subject are unknown', async () => {
    const [subject, other] = [newSubject(), newSubject()];
    await register(subject, schemaOf());
    await register(other, schemaOf(count('only_there', 1)));
    const encode = await openEncoder<Thing>(registry, other, schemaOf(count('only_there', 1)));
    const foreign = encode({ id: 'a' });
    const nobodys = Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 2, 97]);
    const decoder = decoderOf(subject, schemaOf());
    await decoder.prepare([foreign, nobodys]);
    for (const value of [foreign, nobodys]) {
      expect(decoder.decode(value)).toMatchObject({ ok: false, reason: 'unknown_schema' });
    }
  });

  test('an encoder whose schema nobody registered is refused', async () => {
    await expect(openEncoder(registry, newSubject(), schemaOf())).rejects.toThrow(RefusedError);
  });

  test('a wrong address is not a registry without the schema', async () => {
    const wrong = openRegistry({ ...config, url: new URL('/elsewhere', config.url).href });
    await expect(wrong.schemaOf(1)).rejects.toThrow(RefusedError);
  });
});

describe('a registry that accepts and never answers', () => {
  let server: Server | null = null;
  const sockets = new Set<Socket>();

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    server?.close(() => resolve());
    await promise;
  });

  const silent = async (): Promise<{ url: string; timeoutMs: number }> => {
    const listening = Promise.withResolvers<void>();
    server = createServer((socket) => sockets.add(socket));
    server.listen(0, '127.0.0.1', listening.resolve);
    await listening.promise;
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, timeoutMs: 100 };
  };

  test('is away after the deadline, for reading and for registering', async () => {
    const hanging = await silent();
    await expect(openRegistry(hanging).schemaOf(1)).rejects.toThrow(RetryableError);
    await expect(registerSchema(hanging, 's', '"int"')).rejects.toThrow(RetryableError);
  });
});
