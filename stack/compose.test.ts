import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  brokerSettings,
  heap,
  images,
  redisArguments,
  registryDatabase,
  registryPath,
  usualPorts,
} from './settings.ts';

interface Service {
  readonly image: string;
  readonly ports?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly healthcheck: { readonly test: readonly string[] };
  readonly volumes: readonly string[];
  readonly profiles?: readonly string[];
  readonly network_mode?: string;
}

interface ComposeFile {
  readonly version?: unknown;
  readonly services: Readonly<Record<keyof typeof usualPorts, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const text = readFileSync(new URL('../docker-compose.yml', import.meta.url), 'utf8');
const compose = parse(text) as ComposeFile;
const { kafka, prometheus, redis, registry } = compose.services;

describe('the compose file agrees with the code', () => {
  test('on the parts and their images', () => {
    const named = Object.entries(compose.services).map(([part, { image }]) => [part, image]);
    expect(Object.fromEntries(named)).toEqual(images);
  });

  test.each(['kafka', 'registry', 'redis'] as const)(
    'on the port of %s, which it binds to this machine only',
    (part) => {
      const inside = { kafka: 9092, registry: 8080, redis: 6379 }[part];
      const variable = `FRESHET_${part.toUpperCase()}_PORT`;
      expect(compose.services[part].ports).toEqual([
        `127.0.0.1:\${${variable}:-${usualPorts[part]}}:${inside}`,
      ]);
    },
  );

  test('on every setting of the broker', () => {
    for (const [setting, value] of Object.entries(brokerSettings(1))) {
      const variable = `KAFKA_${setting.replaceAll('.', '_').toUpperCase()}`;
      expect(kafka.environment, variable).toHaveProperty(variable, value);
    }
  });

  test('on how clients reach the broker', () => {
    expect(kafka.environment?.['KAFKA_ADVERTISED_LISTENERS']).toBe(
      `PLAINTEXT://127.0.0.1:\${FRESHET_KAFKA_PORT:-${usualPorts.kafka}}`,
    );
  });

  test('on the memory of the Java parts', () => {
    expect(kafka.environment?.['KAFKA_HEAP_OPTS']).toBe(heap.kafka.join(' '));
    expect(registry.environment?.['JAVA_OPTS_APPEND']).toBe(heap.registry.join(' '));
  });

  test('on what Redis and the registry keep, and how', () => {
    expect(redis.command).toEqual(['redis-server', ...redisArguments]);
    expect(registry.environment?.['REGISTRY_DATASOURCE_URL']).toBe(
      registryDatabase('/var/lib/registry/registry'),
    );
  });

  test('on where Prometheus listens and what it reads', () => {
    expect(prometheus.network_mode).toBe('host');
    expect(prometheus.command).toContain(
      `--web.listen-address=127.0.0.1:\${FRESHET_PROMETHEUS_PORT:-${usualPorts.prometheus}}`,
    );
    expect(prometheus.profiles).toEqual(['monitoring']);
  });
});

describe('the compose file is sound', () => {
  test('has no version key, which compose warns about', () => {
    expect(compose.version).toBeUndefined();
  });

  test('checks the health of every part', () => {
    for (const [part, { healthcheck }] of Object.entries(compose.services)) {
      expect(healthcheck.test[0], part).toBe('CMD');
    }
    expect(registry.healthcheck.test.at(-1)).toContain(registryPath);
  });

  test('keeps the data of every part in a volume that it declares', () => {
    for (const [part, { volumes }] of Object.entries(compose.services)) {
      expect(
        volumes.some((volume) => volume.startsWith(`${part}:`)),
        part,
      ).toBe(true);
      expect(compose.volumes, part).toHaveProperty(part);
    }
  });
});
