import { describe, expect, test } from 'vitest';

import { generationOf } from '../../lib/stream/generations.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import type { TaskSlice } from '../../lib/stream/run-task.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import type { PersonalRetrieval } from '../../models/model.ts';
import { LearnedReads } from '../../retrieval/learned-reads.ts';
import { LearnedWeights } from '../../retrieval/learned-weights.ts';
import type { PersonalModel } from '../../retrieval/personal-models.ts';
import { decodeCandidates, encodeCandidates } from '../../schemas/packed/candidates.ts';
import { candidatesConfig } from './config.ts';
import { DepthFactors } from './depth.ts';
import { candidatesTask } from './topology.ts';
import { profileBytes } from './toy-model.ts';

const interactions = 'freshet.interactions.v1';
const exposures = 'freshet.exposures.v1';
const encode = (): Buffer => {
  throw new Error('nothing here is trained');
};
const types = ['view', 'purchase'];
const pointer = { hash: 'h', lineage: 'l', partitions: 4 };
const featuresAt = { ...pointer, name: 'user-features', id4: 'Fea1', code: 'f', family: 'user' };
const learnedAt = { ...pointer, name: 'learning:toy', id4: 'Lrn1', code: 'l', family: 'item' };
const learned = generationOf({ ...learnedAt, family: 'item' });
const features = generationOf({ ...featuresAt, family: 'user' });
const ownAt = { ...pointer, name: 'candidates', id4: 'Can1', code: 'c', family: 'user' };
const own = generationOf({ ...ownAt, family: 'user' });
const keys = foldKeys({ code: 'f', family: 'user', id4: 'Fea1' });

/** Ranks what each recent item's row names, by the number in the found items' heads. */
const toy: PersonalRetrieval = {
  shared: false,
  sources: [{ kind: 'toy', learning: {}, headBytes: 1, rankings: false }],
  needsItems: false,
  trainer: null,
  wants: ({ recents }) => [recents.map(({ itemId }) => itemId)],
  figures: (_, [learned]) => [
    [...(learned?.rows.values() ?? [])].map((row) => row.toString().split(' ')[1] ?? ''),
  ],
  rank: (_, [learned]) =>
    [...(learned?.heads ?? [])].map(([itemId, head]) => ({
      itemId,
      score: Number(head.toString()),
    })),
  explain: null,
};
const model: PersonalModel = {
  kind: 'personal',
  modelKind: 'toy',
  version: 'toy@000000000001',
  learned: ['learning:toy'],
  ageMsMax: 1_000,
  retrieval: toy,
  listPrefix: 'mv4_',
};

function stage(
  change: { models?: PersonalModel[]; ready?: string; learned?: boolean; nowMs?: number } = {},
) {
  const values = new Map<string, Buffer>();
  const put = (key: string, value: string | Buffer): void =>
    void values.set(key, Buffer.from(value));
  const get = (key: string): Buffer | null => values.get(key) ?? null;
  const counted = { lists: 0, skipped: [] as string[], fresh: [] as number[] };
  let reads = 0;
  const redis = {
    mget: async (wanted: readonly string[]) => {
      reads += 1;
      onRead(reads);
      return wanted.map(get);
    },
    mgetMany: async (groups: readonly (readonly string[])[]) =>
      groups.map((group) => group.map(get)),
    getRanges: async (ranges: readonly { key: string; start: number; end: number }[]) =>
      ranges.map(({ key, start, end }) => get(key)?.subarray(start, end + 1) ?? Buffer.alloc(0)),
  };
  let onRead: (read: number) => void = () => undefined;
  const decoder = {
    prepare: async () => undefined,
    decode: (value: Buffer | null) =>
      value === null
        ? { ok: false as const, reason: 'empty_value', detail: '' }
        : { ok: true as const, value: JSON.parse(value.toString()) },
  };
  const generations = new Map([
    ['user-features', features],
    ['candidates', own],
  ]);
  if (change.learned !== false) generations.set('learning:toy', learned);
  const task = candidatesTask({
    interactions: { topic: interactions, decoder },
    exposures: { topic: exposures, decoder },
    types,
    config: { ...candidatesConfig({}), usersAtOnce: 2 },
    redis,
    generations: { read: async () => generations },
    reads: new LearnedReads(redis, candidatesConfig({})),
    weights: new LearnedWeights(),
    packing: { topic: 'training-examples', partitions: 4, encode, packBytesMax: 1_000 },
    models: {
      ready: () => change.ready ?? null,
      personal: () => change.models ?? [model],
      listPrefixes: () => (change.models ?? [model]).map((one) => one.listPrefix),
      items: () => null,
      wants: () => true,
      heldAgainst: () => 0,
      askedFirst: () => null,
    },
    factors: new DepthFactors(3),
    nowMs: () => change.nowMs ?? 9000,
    counted: {
      lists: (count) => void (counted.lists += count),
      deepened: () => undefined,
      depth: () => undefined,
      skipped: (reason) => void counted.skipped.push(reason),
      examples: () => undefined,
      openBytes: () => undefined,
      weightsAge: () => undefined,
      fresh: (seconds) => void counted.fresh.push(seconds),
    },
  });
  put(learned.row('a'), '- x');
  put(learned.row('b'), '- y');
  put(learned.row('x'), '8 and more');
  put(learned.row('y'), '9 and more');
  const know = (user: string, itemId: string, atMs: number): void =>
    put(keys.row(1, user), profileBytes(itemId, atMs));
  const foldedTo = (offset: number): void => put(keys.header(1), `${offset} abcdef12 -`);
  return {
    task,
    counted,
    know,
    foldedTo,
    put,
    onRead: (react: (read: number) => void) => void (onRead = react),
  };
}

const slice = (topic: string, from: number, values: readonly (object | null)[]): TaskSlice => ({
  partition: 1,
  topic,
  own: { keys: own.keys, headerText: null, lineage: 'l' },
  heartbeat: async () => undefined,
  records: values.map(
    (value, at): LogRecord => ({
      topic,
      partition: 1,
      offset: from + at,
      timestampMs: 0,
      key: null,
      headers: {},
      value: value === null ? null : Buffer.from(JSON.stringify(value)),
    }),
  ),
});
const acted = (user_id: string, appended_at = 8000) => ({ user_id, appended_at });

describe('interactions', () => {
  test('make one list for each user of the slice', async () => {
    const { task, counted, know, foldedTo } = stage();
    know('ann', 'a', 5000);
    know('bob', 'b', 6000);
    know('cid', 'a', 7000);
    foldedTo(20);
    const four = slice(interactions, 10, [acted('ann'), acted('bob'), acted('ann'), acted('cid')]);
    const result = await task.slice(four);
    if (result.kind !== 'write') throw new Error(result.kind);
    expect(result.writes.map(({ key }) => key)).toEqual(['mv4_ann', 'mv4_bob', 'mv4_cid']);
    expect(decodeCandidates(result.writes[1]?.value ?? Buffer.alloc(0))).toMatchObject({
      profileOffset: 20,
      computedAtMs: 9000,
      newestAtMs: 6000,
      candidates: [{ itemId: 'y' }],
    });
    expect(counted.lists).toBe(3);
    task.written?.(four);
    expect(counted.fresh).toEqual([1, 1, 1, 1]);
  });

  test('wait while the features have not folded the slice', async () => {
    const { task, know, foldedTo } = stage();
    know('ann', 'a', 5000);
    foldedTo(11);
    const result = await task.slice(slice(interactions, 10, [acted('ann'), acted('ann')]));
    expect(result).toMatchObject({ kind: 'wait' });
  });

  test('go on as soon as the features are there', async () => {
    const { task, know, foldedTo, onRead } = stage();
    know('ann', 'a', 5000);
    foldedTo(10);
    onRead((read) => read === 3 && foldedTo(11));
    const result = await task.slice(slice(interactions, 10, [acted('ann')]));
    expect(result).toMatchObject({ kind: 'write', writes: [{ key: 'mv4_ann' }] });
  });

  test('trust only the offset that was read with the profile', async () => {
    const { task, know, foldedTo, onRead } = stage();
    know('ann', 'a', 5000);
    foldedTo(11);
    // Redis came back with an older state between the two reads.
    onRead((read) => read === 2 && foldedTo(5));
    const result = await task.slice(slice(interactions, 10, [acted('ann')]));
    expect(result).toMatchObject({ kind: 'wait' });
  });

  test('wait while definitions are read, and write nothing where no model has lists', async () => {
    const waiting = stage({ ready: 'reading' });
    expect(await waiting.task.slice(slice(interactions, 0, [acted('ann')]))).toEqual({
      kind: 'wait',
      why: 'reading',
    });
    const none = stage({ models: [] });
    expect(await none.task.slice(slice(interactions, 0, [acted('ann')]))).toEqual({
      kind: 'write',
      writes: [],
    });
  });

  test('of a model that is not learned yet make no list', async () => {
    const { task, know, foldedTo } = stage({ learned: false });
    know('ann', 'a', 5000);
    foldedTo(1);
    const result = await task.slice(slice(interactions, 0, [acted('ann')]));
    expect(result).toEqual({ kind: 'write', writes: [], emits: [] });
  });

  test('make no list again that is new and knows the slice', async () => {
    const { task, know, foldedTo, put } = stage({ nowMs: 100_000 });
    for (const user of ['new', 'older', 'behind', 'without']) know(user, 'a', 5000);
    const stored = (user: string, profileOffset: number, computedAtMs: number): void =>
      put(
        own.keys.row(1, `mv4_${user}`),
        encodeCandidates({ profileOffset, computedAtMs, newestAtMs: 5000, candidates: [] }),
      );
    stored('new', 14, 100_000 - 60_000);
    stored('older', 14, 100_000 - 60_001);
    stored('behind', 13, 100_000);
    foldedTo(20);
    const four = ['new', 'older', 'behind', 'without'].map((user) => acted(user));
    const keysOf = async (from: number): Promise<string[]> => {
      const result = await task.slice(slice(interactions, from, four));
      return result.kind === 'write' ? result.writes.map(({ key }) => key) : [result.kind];
    };
    expect(await keysOf(10)).toEqual(['mv4_older', 'mv4_behind', 'mv4_without']);
    expect((await keysOf(16)).length).toBe(4);
  });

  test('that cannot be read are counted and passed over', async () => {
    const { task, counted, know, foldedTo } = stage();
    know('ann', 'a', 5000);
    foldedTo(2);
    const result = await task.slice(slice(interactions, 0, [null, acted('ann')]));
    expect(result).toMatchObject({ kind: 'write', writes: [{ key: 'mv4_ann' }] });
    expect(counted.skipped).toEqual(['empty_value']);
  });
});

describe('exposures', () => {
  test('make anew the lists that were stale, and no others', async () => {
    const { task, know, foldedTo } = stage();
    know('ann', 'a', 5000);
    know('bob', 'b', 6000);
    foldedTo(3);
    const result = await task.slice(
      slice(exposures, 700, [
        { user_id: 'ann', candidates_stale: false, kind: 'answer' },
        { user_id: 'bob', candidates_stale: true, kind: 'answer' },
      ]),
    );
    expect(result).toMatchObject({ kind: 'write', writes: [{ key: 'mv4_bob' }] });
  });

  test('of strangers write nothing', async () => {
    const { task, foldedTo } = stage();
    foldedTo(3);
    const one = slice(exposures, 0, [
      { user_id: 'stranger', candidates_stale: true, kind: 'answer' },
    ]);
    expect(await task.slice(one)).toEqual({ kind: 'write', writes: [], emits: [] });
  });
});
