import fc from 'fast-check';
import { expect, test } from 'vitest';

import { drive } from '../../lib/stream/memory-driver.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import type { Exposure } from '../../schemas/generated/exposure.ts';
import { decodeServed, lastServedMs, readServed } from '../../schemas/packed/served.ts';
import { exposures } from '../../topics/exposures.ts';
import { servedFold } from './topology.ts';

const lineage = 'serving00000';
const beside = 'reserved0000';
const topic = 'freshet.exposures.v1';
const foldOf = (answersMax = 2, horizonMs = 1e9) =>
  servedFold({
    topic,
    lineage,
    beside,
    decoder: {
      prepare: async () => undefined,
      decode: (value) =>
        value === null
          ? { ok: false as const, reason: 'empty_value', detail: 'there is no value' }
          : { ok: true as const, value: JSON.parse(value.toString()) as Exposure },
    },
    answersMax,
    horizonMs,
  });

type Shown = Partial<Omit<Exposure, 'items'>> & { readonly shown: readonly string[] };

const record = (offset: number, { shown, ...change }: Shown): LogRecord => {
  const items = shown.map((item_id) => ({ item_id, propensity: null }));
  const value = {
    ...(exposures.example as unknown as Exposure),
    lineage,
    user_id: 'ann',
    context_id: 'home',
    source_partition: 0,
    source_offset: offset,
    items,
    ...change,
  };
  const key = Buffer.from(value.user_id);
  const bytes = Buffer.from(JSON.stringify(value));
  return { topic, partition: 0, offset, timestampMs: 1, key, value: bytes, headers: {} };
};

const served = async (log: readonly LogRecord[], fold = foldOf()) => {
  const { rows } = await drive(fold, log);
  const row = rows.get('ann');
  return row === undefined ? undefined : decodeServed(row);
};

test('the last answers of a context are kept, newest first, and no more of them', async () => {
  const log = [['a', 'b'], ['c'], ['d', 'a']].map((shown, n) => record(n, { shown }));
  expect(await served(log)).toEqual([{ context: 'home', answers: [['d', 'a'], ['c']] }]);
});

test('contexts are kept apart, and the one served longest ago goes', async () => {
  const log = Array.from({ length: 9 }, (_, n) => record(n, { shown: ['a'], context_id: `c${n}` }));
  const back = record(9, { shown: ['b'], context_id: 'c1' });
  const last = record(10, { shown: ['b'], context_id: 'c9' });
  expect((await served([...log, back, last]))?.map(({ context }) => context)).toEqual([
    'c9',
    'c1',
    'c8',
    'c7',
    'c6',
    'c5',
    'c4',
    'c3',
  ]);
});

test('pages belong to the answer that they go on from', async () => {
  const log = [
    record(0, { shown: ['a'] }),
    record(1, { shown: ['b'] }),
    record(2, { shown: ['c'], page: 1 }),
  ];
  expect(await served(log)).toEqual([{ context: 'home', answers: [['b', 'c'], ['a']] }]);
});

test('an exposure that comes again, or showed nothing, changes nothing', async () => {
  const log = [
    record(0, { shown: ['a'] }),
    record(1, { shown: ['b'] }),
    record(2, { shown: ['a'], source_offset: 0 }),
    record(3, { shown: [] }),
  ];
  expect(await served(log)).toEqual([{ context: 'home', answers: [['b'], ['a']] }]);
});

test('who is to be forgotten has been shown nothing, once, and is shown things again', async () => {
  const forget = (offset: number, source_offset: number, kind = 'forget') =>
    record(offset, { shown: [], lineage: beside, kind, source_offset });
  const shown = (offset: number, item: string) => record(offset, { shown: [item] });
  expect(await served([shown(0, 'a'), forget(1, 0)])).toBeUndefined();
  expect(await served([shown(0, 'a'), forget(1, 0, 'merged')])).toBeUndefined();
  // Both emitters have positions of their own, and what is said again is known.
  const log = [shown(0, 'a'), forget(1, 5), shown(2, 'b'), forget(3, 5), forget(4, 4)];
  expect(await served(log)).toEqual([{ context: 'home', answers: [['b']] }]);
  const { header } = await drive(foldOf(), log);
  expect(header?.marks).toEqual([[2, 5]]);
  const foreign = record(1, { shown: [], lineage: 'other0000000', kind: 'forget' });
  expect(await served([shown(0, 'a'), foreign])).toEqual([{ context: 'home', answers: [['a']] }]);
});

test('an index tells items of the last answers from older ones', async () => {
  const log = [['a', 'b'], ['c']].map((shown, n) => record(n, { shown }));
  const { rows } = await drive(foldOf(), log);
  const has = readServed(rows.get('ann') ?? null, 'home');
  expect(['a', 'c', 'x'].map((item) => [has(item, 1), has(item, 2)])).toEqual([
    [false, true],
    [true, true],
    [false, false],
  ]);
  expect(readServed(rows.get('ann') ?? null, 'basket')('a', 20)).toBe(false);
  expect(readServed(null, 'home')('a', 20)).toBe(false);
});

test('a list too long for the layout keeps its newest items', async () => {
  const long = Array.from({ length: 200 }, (_, n) => `a${n}`);
  const more = Array.from({ length: 100 }, (_, n) => `b${n}`);
  const [own] =
    (await served([record(0, { shown: long }), record(1, { shown: more, page: 1 })])) ?? [];
  expect(own?.answers[0]).toEqual([...long, ...more].slice(-255));
});

test('another layout is refused, and cut bytes too', async () => {
  const { rows } = await drive(foldOf(), [record(0, { shown: ['abc', 'd'] })]);
  const row = rows.get('ann') as Buffer;
  expect(() => decodeServed(Buffer.concat([Buffer.from([9]), row.subarray(1)]))).toThrow(
    'layout 9',
  );
  expect(() => decodeServed(row.subarray(0, -1))).toThrow('cut short');
});

const logs = fc
  .array(
    fc.record({
      user_id: fc.constantFrom('ann', 'bob'),
      context_id: fc.constantFrom('home', 'basket'),
      shown: fc.array(fc.constantFrom('a', 'b', 'é', '日本', 'item-10001'), { maxLength: 4 }),
      served_at: fc.integer({ min: 0, max: 100_000 }),
      page: fc.integer({ min: 0, max: 2 }),
    }),
    { maxLength: 30 },
  )
  .map((shown) => shown.map((one, offset) => record(offset, one)));

/** The same, said with objects. */
const naive = (log: readonly LogRecord[], answersMax: number) => {
  const answers = new Map<string, string[][]>();
  for (const { value } of log) {
    const of = JSON.parse(String(value)) as Exposure;
    if (of.items.length === 0) continue;
    const own = answers.get(`${of.user_id} ${of.context_id}`) ?? [];
    const items = of.items.map(({ item_id }) => item_id);
    if (of.page > 0 && own[0] !== undefined) own[0].push(...items);
    else own.unshift(items);
    answers.set(`${of.user_id} ${of.context_id}`, own.slice(0, answersMax));
  }
  return answers;
};

test('whatever the log and however it is cut: the bytes give what objects give', async () => {
  const bounds = fc.integer({ min: 1, max: 9 });
  await fc.assert(
    fc.asyncProperty(logs, bounds, fc.integer({ min: 1, max: 3 }), async (log, recordsMax, max) => {
      const { rows } = await drive(foldOf(max), log);
      const cut = await drive(foldOf(max), log, { bounds: { recordsMax } });
      expect(cut.rows).toEqual(rows);
      const found = [...rows].flatMap(([user, row]) =>
        decodeServed(row).map(({ context, answers }) => [`${user} ${context}`, answers] as const),
      );
      expect(new Map(found)).toEqual(naive(log, max));
    }),
  );
});

test('a row is of the time of the newest answer, and counts as absent past the horizon', async () => {
  const log = [
    record(0, { shown: ['a'], served_at: 5_000 }),
    record(1, { shown: ['b'], served_at: 4_000 }),
    record(2, { shown: ['c'], served_at: 20_000, user_id: 'bob' }),
    record(3, { shown: ['d'], served_at: 20_000 }),
  ];
  const early = await drive(foldOf(2, 10_000), log.slice(0, 2));
  expect(lastServedMs(early.rows.get('ann') as Buffer)).toBe(5_000);
  expect(await served(log, foldOf(2, 10_000))).toEqual([{ context: 'home', answers: [['d']] }]);
});

test('its keys and their meaning are those of this revision', async () => {
  const log = [['a', 'b'], ['c']].map((shown, n) => record(n, { shown, served_at: 1_000 + n }));
  const fold = foldOf();
  const { rows } = await drive(fold, log);
  expect([fold.revision, rows.get('ann')?.toString('hex')]).toEqual([
    2,
    '01e90300000000' + '04686f6d65' + '02' + '010163' + '0201610162',
  ]);
});
