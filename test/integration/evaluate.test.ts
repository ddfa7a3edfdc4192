import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { readTopic } from '../../cli/evaluate/topic-data.ts';
import type { EventTable } from '../../cli/evaluate/event-table.ts';
import { openPipeline, type Pipeline, someEvents } from '../support/pipeline.ts';

let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await openPipeline(
    {
      kafkaBrokers: inject('kafkaBrokers'),
      registryUrl: inject('registryUrl'),
      redisUrl: inject('redisUrl'),
    },
    `evaluate-${randomUUID().slice(0, 8)}`,
  );
});

afterAll(async () => {
  await pipeline.close();
});

const named = ({ length, user, item, atMs, userIds, itemIds }: EventTable): string[] =>
  Array.from({ length }, (_, at) =>
    [userIds[user[at] as number], itemIds[item[at] as number], atMs[at]].join(' '),
  );

test('events are evaluated as ingest accepted them, in the order of time, each once', async () => {
  const nowMs = Date.now();
  // Every tenth is late, every other comes twice.
  const events = someEvents(200, 3).map((event, n) => ({
    ...event,
    occurred_at: nowMs - 1_000_000 + n * 1_000 - (n % 10 === 9 ? 50_500 : 0),
  }));
  await pipeline.publish(events);
  await pipeline.publish(events.filter((_, n) => n % 2 === 0));
  await pipeline.run(['ingest']);
  await pipeline.caughtUp(['ingest']);
  const { table, items, faults } = await readTopic({}, pipeline.bed.config);
  expect(faults.count).toBe(0);
  expect(items).toBeNull();
  expect(named(table)).toEqual(
    events
      .toSorted((a, b) => a.occurred_at - b.occurred_at)
      .map((event) => [event.user_id, event.item_id, event.occurred_at].join(' ')),
  );
  const middleMs = nowMs - 900_000;
  const late = await readTopic({ sinceMs: middleMs }, pipeline.bed.config);
  expect(named(late.table)).toEqual(
    named(table).filter((event) => Number(event.split(' ')[2]) >= middleMs),
  );
});
