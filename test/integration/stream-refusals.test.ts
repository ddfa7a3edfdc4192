import { describe, expect, test, vi } from 'vitest';

import { kafkaClient } from '../../lib/kafka/client.ts';
import { currentKey } from '../../lib/stream/current.ts';
import {
  admin,
  caughtUp,
  closers,
  expectFolded,
  inputTopic,
  kafka,
  keysOf,
  own,
  partitions,
  prefix,
  publish,
  redis,
  refusal,
  settled,
  topic,
} from '../support/counting-owners.ts';
import { openRedisServers } from '../support/redis-servers.ts';

describe('refused is', () => {
  const folded = async (): Promise<void> => {
    await publish(100);
    const { stop } = await own();
    await caughtUp();
    await stop();
  };
  const stateKeys = (): string[] => {
    const keys = keysOf();
    const rows = ['all', 'k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6'];
    return [0, 1].flatMap((partition) => [
      keys.header(partition),
      keys.shared(partition),
      ...rows.map((key) => keys.row(partition, key)),
    ]);
  };
  const pointer = (): string => currentKey(prefix, prefix);
  const recreate = async (): Promise<void> => {
    await admin.deleteTopics([topic()]);
    await vi.waitFor(() => admin.createTopics([inputTopic()]), settled);
  };

  test('another log that is shorter', async () => {
    await folded();
    await recreate();
    await publish(10);
    expect(await refusal()).toMatch(/RefusedError: .*is not the log that the stored state/);
  });

  test('another log that is longer', async () => {
    await folded();
    await recreate();
    await publish(200);
    expect(await refusal()).toMatch(/RefusedError: .*is not the log that the stored state/);
  });

  test('lost state, until it is asked for from the beginning', async () => {
    await folded();
    await redis.del(...stateKeys());
    expect(await refusal()).toMatch(/RefusedError: .*state was lost.*--bootstrap/);
    await own({ bootstrap: true });
    await caughtUp();
    await expectFolded();
  });

  test('lost state with its pointer: no empty generation becomes current', async () => {
    await folded();
    await redis.del(...stateKeys(), pointer());
    await expect(own()).rejects.toThrow(/state was lost.*--bootstrap/);
    expect(await redis.exists(pointer())).toBe(0);
    await own({ bootstrap: true });
    await caughtUp();
    await expectFolded();
  });

  test('a log that retention cut above the state', async () => {
    await folded();
    await publish(100);
    const deleting = kafkaClient(kafka()).admin();
    closers.push(() => deleting.disconnect());
    await deleting.connect();
    // The client deletes records only of topics that it has just heard of.
    await deleting.fetchTopicOffsets(topic());
    const cut = Array.from({ length: partitions }, (_, partition) => ({
      partition,
      offset: '150',
    }));
    await deleting.deleteTopicRecords({ topic: topic(), partitions: cut });
    expect(await refusal()).toMatch(/RefusedError: .*begins at 150.*retention removed records/);
  });

  test('a Redis that evicts', async () => {
    const servers = await openRedisServers();
    closers.push(() => servers.close());
    const { port } = await servers.start('evicts', () => ['--maxmemory-policy', 'allkeys-lru']);
    const redisUrl = `redis://127.0.0.1:${port}`;
    await expect(own({ redisUrl })).rejects.toThrow(/maxmemory-policy allkeys-lru/);
  });

  test('another identity than the current one', async () => {
    await folded();
    await expect(own({ lineage: 'another' })).rejects.toThrow(/folded under another identity/);
  });
});
