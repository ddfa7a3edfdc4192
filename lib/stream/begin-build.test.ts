import { expect, test } from 'vitest';

import { beginBuild, beginningsOf } from './begin-build.ts';
import type { CurrentGeneration } from './current.ts';
import { closed, emptyHeader, formatHeader, parseHeader } from './header.ts';
import { foldKeys } from './keys.ts';
import { memoryStore } from './memory-store.ts';
import { switchGenerations } from './switching.ts';

const live: CurrentGeneration = {
  name: 'counting',
  hash: 'a1b2c3d4e5f60718'.repeat(4),
  id4: 'aaaa',
  lineage: 'source',
  code: 'z',
  family: 'user',
  partitions: 2,
};
const to: CurrentGeneration = { ...live, id4: 'bbbb', build: 1, from: [4, 9] };
const at = (offset: number): string => formatHeader({ ...emptyHeader(1), offsets: [offset] });
const offsetsOf = (store: ReturnType<typeof memoryStore>, of: CurrentGeneration): number[] =>
  [0, 1].map((partition) => {
    const header = store.values.get(foldKeys(of).header(partition));
    return header === undefined ? -1 : (parseHeader(header).offsets[0] ?? -1);
  });

test('a build that begins within its log stands there, also where nothing came since', async () => {
  const store = memoryStore();
  for (const [partition, offset] of [7, 9].entries())
    store.values.set(foldKeys(live).header(partition), Buffer.from(at(offset)));
  const begins = beginningsOf(to, {
    lows: [[0], [0]],
    highs: [[7], [9]],
    current: [[7], [9]],
  });
  await beginBuild(store, to, begins);
  expect(offsetsOf(store, to)).toEqual([4, 9]);
  // One partition has something to fold, the other one never gets a record.
  const headerKey = foldKeys(to).header(0);
  await store.commit({ headerKey, expected: at(4), next: at(7), writes: [] });
  await beginBuild(store, to, begins);
  expect(offsetsOf(store, to)).toEqual([7, 9]);
  let pointer = JSON.stringify(live);
  const evaluate = async (_: unknown, __: readonly string[], args: readonly unknown[]) => {
    const [expected, next] = args.map(String);
    if (pointer !== expected) return 0;
    pointer = next ?? '';
    return 1;
  };
  const done = await switchGenerations({
    redis: { eval: evaluate as never },
    store,
    prefix: 'p',
    current: live,
    to,
    inputs: 1,
    token: 't',
    ports: { timers: { after: stop, every: stop }, monotonicMs: () => 0 },
  });
  expect(done).toBe('switched');
  expect(JSON.parse(pointer)).toEqual(to);
  expect(store.values.get(foldKeys(live).header(1))?.toString()).toBe(closed(at(9), 't'));
});

test('without a time only where all was taken by retention', () => {
  const lows = [
    [0, 0],
    [5, 0],
    [5, 2],
    [5, 0],
  ];
  const highs = [
    [0, 0],
    [5, 3],
    [5, 2],
    [5, 0],
  ];
  expect(beginningsOf({}, { lows, highs, current: null })).toEqual([null, null, [5, 2], [5, 0]]);
  // One that was started since has folded nothing there, and is closed at 0.
  const current = [[], [5, 1], [5, 2], []];
  expect(beginningsOf({}, { lows, highs, current })).toEqual([null, null, [5, 2], null]);
  const from = { from: [0, 5, 5, 5] };
  expect(beginningsOf(from, { lows, highs, current })).toEqual([[0], [5], [5], null]);
});

const stop = (): never => {
  throw new Error('it does not stand where the other one was closed');
};
