import { expect, test } from 'vitest';

import type { CommonConfig } from '../config/common.ts';
import { RetryableError } from '../errors.ts';
import { openHands } from './hands.ts';

test('what was opened is closed again where the last of it cannot be opened', async () => {
  const closed: string[] = [];
  const openers = {
    admin: async () => ({
      partitionCounts: async () => new Map([['events', 4]]),
      clusterId: async () => 'cluster',
      close: async () => void closed.push('admin'),
    }),
    redis: async () => ({ close: async () => void closed.push('redis') }),
    outbox: () => Promise.reject(new RetryableError('brokers are away')),
  } as unknown as Parameters<typeof openHands>[2];
  const config = { prefix: 'shop', kafka: {}, redis: {} } as unknown as CommonConfig;
  const wanted = { service: 'ingest', topics: ['events'], partitions: 4 };
  await expect(openHands(config, wanted, openers)).rejects.toThrow('brokers are away');
  expect(closed).toEqual(['redis', 'admin']);
});
