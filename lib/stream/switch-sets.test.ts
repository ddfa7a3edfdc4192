import { expect, test } from 'vitest';

import { RetryableError } from '../errors.ts';
import type { CurrentGeneration } from './current.ts';
import { closedBy, emptyHeader, formatHeader } from './header.ts';
import { foldKeys } from './keys.ts';
import { LiveGeneration, switchMsMax } from './live-generation.ts';
import { memoryStore } from './memory-store.ts';
import { switchTopicSets } from './switch-sets.ts';
import { type TopicSets, topicSetsKey } from './topic-sets.ts';
import { currentKey } from './current.ts';

const prefix = 'shop';
const hash = 'a1b2c3d4e5f60718'.repeat(4);
const ingest: CurrentGeneration = {
  name: 'ingest',
  hash,
  id4: 'abcd',
  lineage: 'lineage-0001',
  code: 'i',
  family: 'source',
  partitions: 2,
};
const keys = foldKeys(ingest);
const sets: TopicSets = {
  current: { set: 1, partitions: 4 },
  next: { set: 2, partitions: 6, back: false },
  kept: [],
  dropping: [],
  highest: 2,
  cut: null,
};

function world() {
  const store = memoryStore();
  for (const [partition, offset] of [5, 8].entries()) {
    const header = { ...emptyHeader(1), offsets: [offset] };
    store.values.set(keys.header(partition), Buffer.from(formatHeader(header)));
  }
  const strings = new Map([
    [topicSetsKey(prefix), JSON.stringify(sets)],
    [currentKey(prefix, 'ingest'), JSON.stringify(ingest)],
  ]);
  const redis = {
    getString: async (key: string) => strings.get(key) ?? null,
    eval: async (_: unknown, [key = '']: readonly string[], args: readonly string[]) => {
      const [expected, next = ''] = args;
      if ((strings.get(key) ?? '') !== expected) return 0;
      strings.set(key, next);
      return 1;
    },
  } as unknown as ConstructorParameters<typeof LiveGeneration>[0]['redis'];
  let nowMs = 0;
  const live = new LiveGeneration({
    redis,
    store,
    prefix,
    fold: 'ingest',
    identity: ingest,
    partition: 0,
    ofAllSets: false,
    clockMs: () => nowMs,
  });
  const stored = (): TopicSets => JSON.parse(strings.get(topicSetsKey(prefix)) ?? '') as TopicSets;
  const closings = (): (string | null)[] =>
    [0, 1].map((partition) => closedBy(String(store.values.get(keys.header(partition)))));
  const switching = (covers: (offsets: readonly number[]) => Promise<boolean>) =>
    switchTopicSets({
      redis,
      store,
      prefix,
      sets: stored(),
      ingest,
      token: 'mine',
      untilMs: 500,
      nowMs: () => 100,
      covers,
    });
  return { live, stored, closings, switching, pass: (ms: number) => void (nowMs += ms) };
}

test('the next set takes over at offsets that the one before is closed at', async () => {
  const { live, stored, closings, switching } = world();
  const result = await switching(async (offsets) => {
    expect(offsets).toEqual([5, 8]);
    expect(closings()).toEqual(['mine', 'mine']);
    await expect(live.find()).rejects.toThrow(/about to take over/);
    return true;
  });
  expect(result).toBe('switched');
  expect(stored()).toMatchObject({ current: { set: 2 }, cut: { offsets: [5, 8], atMs: 100 } });
  await expect(live.find()).rejects.toThrow(/FRESHET_PARTITIONS=6\/2/);
});

test('one that does not come up in time is called off, and owners go on', async () => {
  const { live, stored, closings, switching } = world();
  expect(await switching(async () => false)).toBe('late');
  expect(stored()).toEqual(sets);
  expect(closings()).toEqual([null, null]);
  await expect(live.find()).resolves.toMatchObject({ id4: 'abcd' });
});

test('one that fails after it has closed something is called off at once, and owners go on', async () => {
  const { live, stored, closings, switching } = world();
  const failing = switching(async () => {
    expect(closings()).toEqual(['mine', 'mine']);
    throw new RetryableError('brokers are away');
  });
  await expect(failing).rejects.toThrow('brokers are away');
  expect(stored()).toEqual(sets);
  expect(closings()).toEqual([null, null]);
  await expect(live.find()).resolves.toMatchObject({ id4: 'abcd' });
});

test('whoever waits too long for a dead command calls it off: it cannot end after that', async () => {
  const { live, stored, closings, switching, pass } = world();
  const result = await switching(async () => {
    await expect(live.find()).rejects.toThrow(/about to take over/);
    pass(switchMsMax + 1);
    await expect(live.find()).resolves.toMatchObject({ id4: 'abcd' });
    expect(closings()).toEqual([null, 'mine']);
    return true;
  });
  expect(result).toBe('overtaken');
  expect(stored()).toEqual(sets);
});
