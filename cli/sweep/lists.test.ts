import { expect, test } from 'vitest';

import type { CurrentGeneration } from '../../lib/stream/current.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { listPrefix } from '../../schemas/packed/candidates.ts';
import {
  closedExample,
  encodeOpenExample,
  openExampleKey,
} from '../../schemas/packed/open-examples.ts';
import { encodeWarmMarks, warmMarksKey } from '../../services/candidates/warm-marks.ts';
import { sweepableLists } from './lists.ts';

const generation = (name: string, code: string): CurrentGeneration => ({
  name,
  code,
  hash: 'h',
  id4: 'abcd',
  lineage: 'l',
  family: 'user',
  partitions: 1,
});
const own = generation('candidates', 'c');
const features = generation('user-features', 'f');

test('open examples go with the lists that they were logged with', async () => {
  const keys = foldKeys(own);
  const used = listPrefix('used@000000000001');
  const unused = listPrefix('unused@00000000001');
  const open = (notedAtMs: number, profileOffset = 5) =>
    encodeOpenExample({ profileOffset, learnedTo: 0, notedAtMs, note: Buffer.from('note') });
  const stored = new Map<string, Buffer>([
    [openExampleKey(used, 'known'), open(1)],
    [openExampleKey(used, 'gone'), open(1)],
    [openExampleKey(used, 'to-come'), open(1, 99)],
    [openExampleKey(used, 'gone-closed'), closedExample],
    [openExampleKey(unused, 'known'), open(1)],
    [openExampleKey(unused, 'known-closed'), closedExample],
    [openExampleKey(unused, 'known-since'), open(2_000)],
  ]);
  const values = new Map([...stored].map(([key, bytes]) => [keys.row(0, key), bytes]));
  const profiles = foldKeys(features);
  values.set(profiles.header(0), Buffer.from('9 abcdef12 -'));
  for (const user of ['known', 'known-closed', 'known-since'])
    values.set(profiles.row(0, user), Buffer.alloc(30));
  const [sweepable] = sweepableLists({
    redis: {
      mget: async (wanted) => wanted.map((key) => values.get(key) ?? null),
      getRanges: async (ranges) =>
        ranges.map(
          ({ key, start, end }) => values.get(key)?.subarray(start, end + 1) ?? Buffer.alloc(0),
        ),
    },
    own,
    features,
    inUse: new Set(['used@000000000001']),
    knownMs: 1_000,
  });
  const looked = await sweepable?.look([...stored.keys()].map((key) => keys.row(0, key)));
  expect(looked?.expired.map((key) => key.slice(keys.row(0, '').length))).toEqual([
    openExampleKey(used, 'gone'),
    openExampleKey(used, 'gone-closed'),
    openExampleKey(unused, 'known'),
    openExampleKey(unused, 'known-closed'),
  ]);
});

test.each([
  ['of a version that nobody uses goes', 'unused@00000000001', true],
  ['of versions in use stays', 'used@000000000001', false],
])('a mark of lists that are there %s', async (_, version, goes) => {
  const keys = foldKeys(own);
  const marked = { scope: 'all', days: 30, fromMs: 0, users: 1, left: 0, isDone: true } as const;
  const key = keys.row(0, warmMarksKey);
  const values = new Map([[key, encodeWarmMarks([{ version, ...marked }])]]);
  const [sweepable] = sweepableLists({
    redis: {
      mget: async (wanted) => wanted.map((one) => values.get(one) ?? null),
      getRanges: async () => [],
    },
    own,
    features,
    inUse: new Set(['used@000000000001']),
    knownMs: 1_000,
  });
  const looked = await sweepable?.look([key]);
  expect(looked).toMatchObject({ rows: 0, expired: goes ? [key] : [] });
});
