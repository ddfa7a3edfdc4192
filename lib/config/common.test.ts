import { describe, expect, test } from 'vitest';

import { commonConfig } from './common.ts';

const good = {
  FRESHET_KAFKA_BROKERS: 'a:9092, [::1]:9093',
  FRESHET_REGISTRY_URL: 'http://r:8081',
  FRESHET_REDIS_URL: 'redis://r:6379',
};

describe('the settings', () => {
  test('are taken from the environment', () => {
    expect(commonConfig(good).kafka.brokers).toEqual(['a:9092', '[::1]:9093']);
    expect(commonConfig({ ...good, FRESHET_PARTITIONS: '6' }).partitions).toBe(6);
  });

  test.each([
    ['FRESHET_PARTITIONS', 'many', 'takes a whole number from 1 to 1024'],
    ['FRESHET_PARTITIONS', '0', 'takes a whole number from 1 to 1024'],
    ['FRESHET_PARTITIONS', '2.5', 'takes a whole number from 1 to 1024'],
    ['FRESHET_KAFKA_BROKERS', 'foo', 'takes host:port, with commas between brokers'],
    ['FRESHET_KAFKA_BROKERS', 'foo:9092,bar', 'takes host:port, with commas between brokers'],
    ['FRESHET_KAFKA_BROKERS', 'foo:99999', 'takes host:port, with commas between brokers'],
    ['FRESHET_EVENT_TYPES', 'view,view', 'names something twice'],
    ['FRESHET_LOG_LEVEL', 'loud', 'takes one of debug, info, warn, error, silent'],
    ['FRESHET_REGISTRY_URL', 'there', 'takes a URL: http://host:port'],
    ['FRESHET_USER_HORIZON_DAYS', '399', 'must not be smaller than FRESHET_SEEN_AGE_DAYS'],
  ])('%s=%s is refused in words', (name, value, message) => {
    const refused = `wrong configuration: ${name} ${message}`;
    expect(() => commonConfig({ ...good, [name]: value })).toThrow(refused);
  });
});
