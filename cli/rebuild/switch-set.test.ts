import { expect, test } from 'vitest';

import { RetryableError } from '../../lib/errors.ts';
import { type CurrentGeneration, currentKey } from '../../lib/stream/current.ts';
import { closedBy, emptyHeader, formatHeader } from '../../lib/stream/header.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { memoryStore } from '../../lib/stream/memory-store.ts';
import { type TopicSets, topicSetsKey } from '../../lib/stream/topic-sets.ts';
import { type SwitchSetOptions, switchSet } from './switch-set.ts';

const prefix = 'shop';
const next = { set: 2, partitions: 6 };
const sets: TopicSets = {
  current: { set: 1, partitions: 4 },
  next: { ...next, back: false },
  kept: [{ set: 3, partitions: 2, untilMs: 9 }],
  dropping: [],
  highest: 3,
  cut: null,
};
const generation = (id4: string): CurrentGeneration => ({
  name: 'ingest',
  hash: 'a1b2c3d4e5f60718'.repeat(4),
  id4,
  lineage: 'lineage-0001',
  code: 'i',
  family: 'source',
  partitions: 2,
});
const away = (): never => {
  throw new RetryableError('Redis is away');
};

function world() {
  const store = memoryStore();
  const put = (ingest: CurrentGeneration, offset: number): void => {
    for (let partition = 0; partition < ingest.partitions; partition += 1) {
      const header = formatHeader({ ...emptyHeader(1), offsets: [offset + partition] });
      store.values.set(foldKeys(ingest).header(partition), Buffer.from(header));
    }
  };
  const first = generation('aaaa');
  put(first, 5);
  const strings = new Map([
    [topicSetsKey(prefix), JSON.stringify(sets)],
    [currentKey(prefix, 'ingest'), JSON.stringify(first)],
  ]);
  /** How many calls are answered before some are not; `done`: they are carried out all the same. */
  const faults = { after: Infinity, count: 0, done: false };
  const call = async <T>(work: () => T | Promise<T>): Promise<T> => {
    const fails = faults.after <= 0 && faults.count > 0;
    if (fails) faults.count -= 1;
    else faults.after -= 1;
    if (!fails) return work();
    if (faults.done) await work();
    return away();
  };
  const replace = (key: string, expected: string, text: string): number => {
    if ((strings.get(key) ?? '') !== expected) return 0;
    strings.set(key, text);
    return 1;
  };
  const redis = {
    getString: (key: string) => call(() => strings.get(key) ?? null),
    eval: (_: unknown, [key = '']: readonly string[], [expected = '', text = '']: string[]) =>
      call(() => replace(key, expected, text)),
  } as unknown as SwitchSetOptions['redis'];
  const flaky: SwitchSetOptions['store'] = {
    load: (keys) => call(() => store.load(keys)),
    commit: (commit) => call(() => store.commit(commit)),
  };
  const stored = (): TopicSets => JSON.parse(strings.get(topicSetsKey(prefix)) ?? '') as TopicSets;
  const closings = (): (string | null)[] =>
    [0, 1].map((at) => closedBy(String(store.values.get(foldKeys(first).header(at)))));
  const run = (covers: SwitchSetOptions['covers'], signal = new AbortController().signal) =>
    switchSet({
      redis,
      store: flaky,
      prefix,
      next,
      keepMs: 500,
      untilLevel: async () => undefined,
      covers,
      patience: { say: () => undefined, signal, retryMs: 1 },
    });
  return { run, faults, stored, closings, strings, put };
}

test('a switch survives that Redis does not answer, wherever that is and however often', async () => {
  const counts = [1, 2, 4].flatMap((count) => [true, false].map((done) => ({ count, done })));
  for (let after = 0; after < 12; after += 1) {
    for (const fault of counts) {
      const { run, faults, stored } = world();
      Object.assign(faults, { after, ...fault });
      await run(async () => true);
      expect(stored(), JSON.stringify({ after, ...fault })).toMatchObject({
        current: next,
        next: null,
        cut: { from: 1, to: 2, offsets: [5, 6] },
      });
      expect(stored().closing).toBeUndefined();
    }
  }
});

test('what was read before a fault is read again after it', async () => {
  const { run, stored, strings, put } = world();
  let looks = 0;
  await run(async (offsets) => {
    looks += 1;
    if (looks === 2) expect(offsets).toEqual([7, 8]);
    if (looks > 1) return true;
    const other = generation('bbbb');
    put(other, 7);
    strings.set(currentKey(prefix, 'ingest'), JSON.stringify(other));
    return away();
  });
  expect(stored().cut?.offsets).toEqual([7, 8]);
});

test('sets that another command has changed meanwhile are read again', async () => {
  const { run, stored, strings } = world();
  let looks = 0;
  await run(async () => {
    looks += 1;
    if (looks === 1)
      strings.set(topicSetsKey(prefix), JSON.stringify({ ...sets, kept: [], dropping: [] }));
    return true;
  });
  expect(looks).toBe(2);
  expect(stored()).toMatchObject({ current: next, kept: [{ set: 1 }] });
});

test('one that is broken off leaves nothing closed', async () => {
  const { run, stored, closings } = world();
  const stopping = new AbortController();
  const switching = run(async () => {
    expect(closings()).not.toContain(null);
    stopping.abort();
    return away();
  }, stopping.signal);
  await expect(switching).rejects.toThrow('Redis is away');
  expect(stored()).toEqual(sets);
  expect(closings()).toEqual([null, null]);
});
