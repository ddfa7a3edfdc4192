import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';

import { authorizationOf } from '../avro/registry.ts';
import { commonConfig } from './common.ts';

const dir = mkdtempSync(join(tmpdir(), 'freshet-access-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};

const addresses = {
  FRESHET_KAFKA_BROKERS: 'a:9092',
  FRESHET_REGISTRY_URL: 'https://r:8081',
  FRESHET_REDIS_URL: 'rediss://r:6379',
};
const configOf = (settings: Record<string, string>) => commonConfig({ ...addresses, ...settings });

const everySecret = () => ({
  FRESHET_KAFKA_SSL: 'true',
  FRESHET_KAFKA_SSL_CA_FILE: file('ca.pem', 'authority'),
  FRESHET_KAFKA_SSL_CERT_FILE: file('cert.pem', 'certificate'),
  FRESHET_KAFKA_SSL_KEY_FILE: file('key.pem', 'hidden-key'),
  FRESHET_KAFKA_SASL_MECHANISM: 'scram-sha-512',
  FRESHET_KAFKA_USERNAME: 'freshet-ingest',
  FRESHET_KAFKA_PASSWORD_FILE: file('kafka', 'hidden-kafka\n'),
  FRESHET_REGISTRY_USERNAME: 'reader',
  FRESHET_REGISTRY_PASSWORD_FILE: file('registry', 'hidden-registry\n'),
  FRESHET_REDIS_USERNAME: 'freshet-ingest',
  FRESHET_REDIS_PASSWORD_FILE: file('redis', 'hidden-redis\n'),
  FRESHET_REDIS_SENTINEL_USERNAME: 'watcher',
  FRESHET_REDIS_SENTINEL_PASSWORD_FILE: file('sentinel', 'hidden-sentinel\n'),
});

test('secrets come from files, and reach the clients', () => {
  const { kafka, redis, registry } = configOf(everySecret());
  expect(kafka.sasl).toMatchObject({ mechanism: 'scram-sha-512', username: 'freshet-ingest' });
  expect((kafka.sasl as { password: string }).password).toBe('hidden-kafka');
  expect({ ...kafka.ssl }).toEqual({ ca: 'authority', cert: 'certificate', key: 'hidden-key' });
  expect([redis.url, redis.username, redis.password]).toEqual([
    'rediss://r:6379',
    'freshet-ingest',
    'hidden-redis',
  ]);
  expect([redis.sentinel?.username, redis.sentinel?.password]).toEqual([
    'watcher',
    'hidden-sentinel',
  ]);
  expect(authorizationOf(registry)).toBe(
    `Basic ${Buffer.from('reader:hidden-registry').toString('base64')}`,
  );
});

test('no dump of the configuration shows a secret', () => {
  const config = configOf(everySecret());
  const shown = JSON.stringify(config) + inspect(config, { depth: 9 });
  expect(shown).toContain('freshet-ingest');
  expect(shown).not.toContain('hidden');
});

test('a secret that was changed is in use from the next connection on', () => {
  const { kafka, redis, registry } = configOf(everySecret());
  file('kafka', 'other-kafka');
  file('redis', 'other-redis');
  file('registry', 'other-registry');
  expect((kafka.sasl as { password: string }).password).toBe('other-kafka');
  expect(redis.password).toBe('other-redis');
  expect(authorizationOf(registry)).toBe(
    `Basic ${Buffer.from('reader:other-registry').toString('base64')}`,
  );
});

test('a token for Kafka is read anew for every connection', async () => {
  const { kafka } = configOf({
    FRESHET_KAFKA_SASL_MECHANISM: 'oauthbearer',
    FRESHET_KAFKA_TOKEN_FILE: file('token', 'one'),
  });
  const { oauthBearerProvider } = kafka.sasl as {
    oauthBearerProvider: () => Promise<{ value: string }>;
  };
  expect(await oauthBearerProvider()).toEqual({ value: 'one' });
  file('token', 'two');
  expect(await oauthBearerProvider()).toEqual({ value: 'two' });
});

test('the registry may want a token', () => {
  const { registry } = configOf({ FRESHET_REGISTRY_TOKEN_FILE: file('registry-token', 'abc') });
  expect(authorizationOf(registry)).toBe('Bearer abc');
});

describe('what would not protect is refused', () => {
  const empty = file('empty', '\n');
  const ca = file('some-ca.pem', 'authority');
  test.each([
    [{ FRESHET_KAFKA_SASL_MECHANISM: 'plain' }, 'FRESHET_KAFKA_PASSWORD_FILE'],
    [{ FRESHET_KAFKA_SASL_MECHANISM: 'oauthbearer' }, 'FRESHET_KAFKA_TOKEN_FILE'],
    [{ FRESHET_KAFKA_SSL_CA_FILE: ca }, 'set FRESHET_KAFKA_SSL=true'],
    [{ FRESHET_KAFKA_SSL: 'true', FRESHET_KAFKA_SSL_CA_FILE: '/none' }, 'CA_FILE cannot be read'],
    [{ FRESHET_KAFKA_SSL: 'true', FRESHET_KAFKA_SSL_CERT_FILE: ca }, 'belong together'],
    [{ FRESHET_REDIS_USERNAME: 'x' }, 'needs FRESHET_REDIS_PASSWORD_FILE'],
    [{ FRESHET_REDIS_PASSWORD_FILE: empty }, 'is empty'],
    [
      { FRESHET_REDIS_URL: 'redis://r:6379', FRESHET_REDIS_SSL_CA_FILE: ca },
      'FRESHET_REDIS_URL begins rediss',
    ],
    [
      { FRESHET_REGISTRY_URL: 'http://r:8081', FRESHET_REGISTRY_SSL_CA_FILE: ca },
      'FRESHET_REGISTRY_URL begins https:',
    ],
    [{ FRESHET_REGISTRY_USERNAME: 'x' }, 'belong together'],
  ])('%j', (settings, words) => {
    expect(() => configOf(settings as unknown as Record<string, string>)).toThrow(words);
  });
});

test('metrics and health are for this machine alone unless told otherwise', () => {
  expect(configOf({}).host).toBe('127.0.0.1');
});
