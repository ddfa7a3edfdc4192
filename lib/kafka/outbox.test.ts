import fc from 'fast-check';
import { expect, test } from 'vitest';

import { batchesOf, sendQueue } from './outbox.ts';
import type { OutMessage } from './log-record.ts';

const messages = fc.array(
  fc.record({
    topic: fc.constantFrom('a', 'b'),
    partition: fc.constantFrom(0, 1),
    size: fc.constantFrom(0, 10, 100_000, 300_000, 600_000),
  }),
  { maxLength: 12 },
);

test('every message is sent once, each lane in order, and no batch of a lane is too large', () => {
  fc.assert(
    fc.property(messages, (rows) => {
      const all = rows.map(
        ({ topic, partition, size }, n): OutMessage => ({
          topic,
          partition,
          key: `${n}`,
          value: Buffer.alloc(size),
        }),
      );
      const sent: string[] = [];
      for (const batch of batchesOf(all)) {
        const bytes = new Map<string, number[]>();
        for (const { topic, messages: own } of batch) {
          for (const { key, value, partition } of own) {
            sent.push(`${topic} ${partition} ${String(key)}`);
            const lane = `${topic} ${partition}`;
            bytes.set(lane, [...(bytes.get(lane) ?? []), value?.length ?? 0]);
          }
        }
        for (const sizes of bytes.values()) {
          // A message larger than a batch goes alone.
          const sum = sizes.reduce((a, b) => a + b, 0);
          expect(sizes.length === 1 || sum <= 512 * 1024).toBe(true);
        }
      }
      const lanes = (texts: readonly string[]) => Object.groupBy(texts, (text) => text.slice(0, 3));
      const wanted = all.map(({ topic, partition, key }) => `${topic} ${partition} ${String(key)}`);
      expect(lanes(sent)).toEqual(lanes(wanted));
    }),
  );
});

test('nothing is no send, and a message keeps its key, headers and free choice of partition', () => {
  expect(batchesOf([])).toEqual([]);
  const headers = { 'correlation-id': Buffer.from([1]) };
  const message = { topic: 'a', key: null, value: null, headers };
  expect(batchesOf([message])).toEqual([
    [{ topic: 'a', messages: [{ key: null, value: null, headers }] }],
  ]);
});

test('sends go out one at a time, in the order of the calls, whatever becomes of those before', async () => {
  const open: { key: unknown; settle: { resolve(): void; reject(error: Error): void } }[] = [];
  const { send, idle } = sendQueue(([first]) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    open.push({ key: first?.key, settle: { resolve, reject } });
    return promise;
  });
  const sent = ['a', 'b', 'c'].map((key) => send([{ topic: 't', key, value: null }]));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  expect(open.map(({ key }) => key)).toEqual(['a']);
  open[0]?.settle.reject(new Error('not acknowledged'));
  await expect(sent[0]).rejects.toThrow('not acknowledged');
  await turn();
  expect(open.map(({ key }) => key)).toEqual(['a', 'b']);
  open[1]?.settle.resolve();
  await turn();
  open[2]?.settle.resolve();
  await idle();
  expect(open.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
});
