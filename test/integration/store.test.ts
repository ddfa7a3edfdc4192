import { Redis } from 'ioredis';
import { afterAll, inject } from 'vitest';

import { openRedis, type RedisPort } from '../../lib/redis/redis-port.ts';
import { storeConformance } from '../../lib/stream/store.conformance.ts';
import { redisStore } from '../../lib/stream/store.ts';

/** A database of its own, emptied before each test: the suite's keys have fixed names. */
const url = `${inject('redisUrl')}/9`;
const cleaner = new Redis(url);
const open: RedisPort[] = [];
afterAll(async () => {
  for (const port of open) await port.close();
  cleaner.disconnect();
});

storeConformance('in Redis', async () => {
  await cleaner.flushdb();
  const port = await openRedis({ url });
  open.push(port);
  return redisStore(port);
});
