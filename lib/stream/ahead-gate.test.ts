import { expect, test } from 'vitest';

import { AheadGate } from './ahead-gate.ts';
import type { LogRecord } from './topology.ts';

const records = (...offsets: number[]): LogRecord[] =>
  offsets.map((offset) => ({
    topic: 'first',
    partition: 1,
    offset,
    timestampMs: 0,
    key: null,
    value: null,
    headers: {},
  }));

function gateOver(ends: number[]) {
  let asked = 0;
  const gate = new AheadGate(
    {
      topicOffsets: async () => {
        const high = ends[Math.min(asked, ends.length - 1)] ?? 0;
        asked += 1;
        return [
          { partition: 0, low: 0, high: 99 },
          { partition: 1, low: 0, high },
        ];
      },
    },
    { topic: 'second', partition: 1 },
  );
  return { gate, asked: () => asked };
}

test('records wait until the second input is where its log ended when they had come', async () => {
  const { gate } = gateOver([5]);
  expect(await gate.open(records(0, 1, 2), 4)).toBe(0);
  expect(await gate.open(records(0, 1, 2), 5)).toBe(3);
});

test('an end once asked for stands, however the log grows while somebody waits for it', async () => {
  const { gate, asked } = gateOver([5, 50, 500]);
  expect(await gate.open(records(0, 1), 0)).toBe(0);
  // Fetched again, with more: those that came later have to wait for a later end.
  expect(await gate.open(records(0, 1, 2, 3), 5)).toBe(2);
  expect(asked()).toBe(1);
  expect(await gate.open(records(2, 3), 5)).toBe(0);
  expect(asked()).toBe(2);
  expect(await gate.open(records(2, 3), 50)).toBe(2);
});

test('a second input without records holds nothing back', async () => {
  const { gate } = gateOver([0]);
  expect(await gate.open(records(7), 0)).toBe(1);
});

test('what lies in the log that a second input is emitted from comes through first', async () => {
  const come = [3, 9];
  const ends = { source: [4, 9], second: 5 };
  const gate = new AheadGate(
    {
      topicOffsets: async (topic) =>
        topic === 'source'
          ? ends.source.map((high, partition) => ({ partition, low: 0, high }))
          : [{ partition: 1, low: 0, high: ends.second }],
    },
    { topic: 'second', partition: 1, through: { topic: 'source', offsets: async () => come } },
  );
  expect(await gate.open(records(0, 1), 99)).toBe(0);
  // An end once asked for stands here too.
  ends.source = [400, 900];
  come[0] = 4;
  ends.second = 7;
  expect(await gate.open(records(0, 1, 2), 6)).toBe(0);
  expect(await gate.open(records(0, 1, 2), 7)).toBe(2);
  expect(await gate.open(records(2), 99)).toBe(0);
});
