import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { drive, type Driven } from '../../lib/stream/memory-driver.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import type { ModelDefinition } from '../../models/definitions.ts';
import { readRow } from '../../models/blend/stored-row.ts';
import { kinds } from '../../models/kinds.ts';
import { passages } from '../../models/neighbours/passages.ts';
import type { SignalPack } from '../../schemas/generated/signal-pack.ts';
import { SignalPackWriter } from '../../schemas/packed/signals.ts';
import { learnerOf } from './learners.ts';
import { learningFold } from './topology.ts';

const hourMs = 3_600_000;
const types = ['view', 'purchase'];
const lineage = 'signals00000';
const decoder = {
  prepare: async () => undefined,
  decode: (value: Buffer | null) => {
    if (value === null) return { ok: false as const, reason: 'empty_value', detail: '' };
    const pack = JSON.parse(value.toString()) as SignalPack & { signals: string };
    return { ok: true as const, value: { ...pack, signals: Buffer.from(pack.signals, 'base64') } };
  },
};
interface Given {
  readonly learning?: object;
  readonly cacheBytesMax?: number;
  readonly horizonMs?: number;
}

const foldOf = (kind: string, given: Given = {}) => {
  const learning = kinds
    .get(kind)
    ?.learningSchema.parse(given.learning ?? {}) as ModelDefinition['learning'];
  const learner = learnerOf({ kind, learning }, kinds);
  if (learner === null) throw new Error('no such kind');
  const { cacheBytesMax = 1e6, horizonMs = 400 * 24 * hourMs } = given;
  const common = { topic: 'item-signals', lineage, decoder, types, horizonMs };
  return learningFold({ ...common, learner, cacheBytesMax });
};

interface Act {
  readonly offset: number;
  readonly source: number;
  readonly item: string;
  readonly others: readonly string[];
  readonly typeIndex: number;
}

/** Acts of one source partition as packs of `size` interactions. */
const packs = (acts: readonly Act[], size: number): Buffer[] => {
  const values: Buffer[] = [];
  for (let at = 0; at < acts.length; at += size) {
    const writer = new SignalPackWriter();
    for (const { offset, source, item, others, typeIndex } of acts.slice(at, at + size)) {
      writer.begin({ offset, atMs: 1.7e12 + offset * hourMs, clock: offset, typeIndex });
      const notes = others.map((_, index) => index + 1);
      writer.add(1, { item, others: [], notes: [] });
      writer.add(3, { item, others, notes });
      for (const other of others) writer.add(3, { item: other, others: [item], notes: [129] });
      const visitor = { user: `u${source}`, session: `s${source}-${offset % 7}` };
      for (const signal of passages.signals(item, 0, [], visitor)) writer.add(4, signal);
    }
    const { firstOffset, lastOffset } = writer;
    values.push(
      Buffer.from(
        JSON.stringify({
          lineage,
          source_partition: acts[0]?.source ?? 0,
          first_offset: firstOffset,
          last_offset: lastOffset,
          signals: writer.finish().toString('base64'),
        }),
      ),
    );
  }
  return values;
};

const logOf = (values: readonly (Buffer | null)[]): LogRecord[] =>
  values.map((value, offset) => ({
    topic: 'item-signals',
    partition: 0,
    offset,
    timestampMs: 1,
    key: null,
    value,
    headers: {},
  }));

const state = ({ rows, shared }: Driven) => ({ rows, shared });

const act = fc.record({
  item: fc.integer({ min: 0, max: 25 }).map((n) => `i${n}`),
  others: fc.uniqueArray(
    fc.integer({ min: 30, max: 60 }).map((n) => `i${n}`),
    { maxLength: 5 },
  ),
  typeIndex: fc.constantFrom(0, 1),
});
const actsOf = (source: number): fc.Arbitrary<Act[]> =>
  fc
    .array(act, { minLength: 1, maxLength: 40 })
    .map((acts) => acts.map((one, offset) => ({ ...one, offset, source })));

const learningKinds = [...kinds.values()].filter(({ userSide }) => userSide !== null);

describe.each(learningKinds.map(({ kind }) => kind))('learning of %s', (kind) => {
  test('does not depend on packs, slices, cache, or signals emitted again', async () => {
    const cut = fc.record({
      size: fc.integer({ min: 1, max: 9 }),
      again: fc.integer({ min: 1, max: 9 }),
      recordsMax: fc.integer({ min: 1, max: 5 }),
      cacheBytesMax: fc.constantFrom(0, 600, 1e6),
      horizonMs: fc.constantFrom(2 * hourMs, 9 * hourMs, 400 * 24 * hourMs),
      from: fc.nat(40),
    });
    await fc.assert(
      fc.asyncProperty(actsOf(0), actsOf(1), cut, async (zero, one, by) => {
        const { horizonMs } = by;
        const whole = logOf([...packs(zero, 40), ...packs(one, 40)]);
        const once = await drive(foldOf(kind, { horizonMs }), whole);
        const emittedAgain = packs(zero.slice(Math.min(by.from, zero.length - 1)), by.again);
        const log = logOf([...packs(zero, by.size), ...emittedAgain, ...packs(one, by.size)]);
        const other = await drive(foldOf(kind, by), log, {
          bounds: { recordsMax: by.recordsMax },
        });
        expect(state(other)).toEqual(state(once));
      }),
      { numRuns: 60 },
    );
  });

  test('sets a pack aside whose signals are malformed, and goes on', async () => {
    const [good] = packs([{ offset: 0, source: 0, item: 'a', others: [], typeIndex: 0 }], 1);
    const [unknown] = packs([{ offset: 1, source: 0, item: 'a', others: [], typeIndex: 9 }], 1);
    const { failures, rows } = await drive(
      foldOf(kind),
      logOf([null, unknown ?? null, good ?? null]),
    );
    expect(failures.map(({ reason, detail }) => `${reason} ${detail}`)).toEqual([
      'empty_value ',
      'undecodable signals: unknown event type',
    ]);
    expect(rows.has('a')).toBe(true);
  });
});

describe('an item that nobody visits any more', () => {
  const visit = (offset: number, item: string, others: string[] = []): Act => ({
    offset,
    source: 0,
    item,
    others,
    typeIndex: 0,
  });
  const kept = [...Array(9).keys()].map((n) => visit(n, 'old', ['other']));
  const apart = (...later: Act[]) => logOf(packs([...kept, visit(500, 'new'), ...later], 100));
  const horizonMs = 100 * hourMs;

  test.each([
    ['blend', {}],
    ['trending', {}],
    ['trending', { windowHours: 12 }],
  ])('is forgotten by %s %j: its row begins anew', async (kind, learning) => {
    const fold = () => foldOf(kind, { learning, horizonMs });
    const away = await drive(fold(), apart(visit(501, 'old', ['third'])));
    const fresh = await drive(fold(), logOf(packs([visit(501, 'old', ['third'])], 1)));
    expect(away.rows.get('old')).toEqual(fresh.rows.get('old'));
    expect(away.header?.newestMs).toEqual([1.7e12 + 501 * hourMs]);
    const back = await drive(fold(), logOf(packs([...kept, visit(60, 'old', ['third'])], 9)));
    expect(back.rows.get('old')).not.toEqual(fresh.rows.get('old'));
  });

  test('keeps its row where rows say no time', async () => {
    const fold = foldOf('co-visits', { horizonMs });
    expect(fold.horizon).toBeNull();
    expect((await drive(fold, apart())).header?.newestMs).toEqual([-1]);
  });

  test('is learned from all the same where only what it is paired with weighs anything', async () => {
    const learning = { typeWeights: { view: 0 } };
    const pairs = [...Array(5).keys()].map(
      (n): Act => ({
        ...visit(n + 1, `bought-${n}`, ['viewed']),
        typeIndex: 1,
      }),
    );
    const log = logOf(packs([visit(0, 'viewed'), ...pairs], 2));
    const counted = readRow((await drive(foldOf('blend', { learning }), log)).rows.get('viewed'));
    expect([counted?.used, counted?.head.visits]).toEqual([5, 0]);
  });
});

test('each learning configuration is an identity of its own', () => {
  const names = [foldOf('trending'), foldOf('trending', { learning: { halfLifeHours: 7 } })];
  expect(new Set(names.map(({ name }) => name)).size).toBe(2);
});

test('the result for a fixed log is that of its revision', async () => {
  const acts = Array.from({ length: 600 }, (_, offset) => ({
    offset,
    source: 0,
    item: `item-${(offset * offset) % 41}`,
    others: [1, 2, 3].map((n) => `item-${(offset * 7 * n + n) % 300}`),
    typeIndex: offset % 2,
  }));
  const learners: readonly (readonly [string, object])[] = [
    ['trending', {}],
    ['trending', { by: 'first-seen', eventsMin: 3 }],
    ['trending', { windowHours: 1 }],
    ['co-visits', {}],
    ['co-visits', { within: 'session', direction: 'after', distanceHalf: 5 }],
    ['factors', {}],
  ];
  const hashes: string[] = [];
  for (const [kind, own] of learners) {
    const learning = { typeWeights: { purchase: 2.5 }, ...own };
    const { rows, shared } = await drive(foldOf(kind, { learning }), logOf(packs(acts, 50)));
    const hash = createHash('sha256').update(shared ?? '');
    for (const [key, row] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1)))
      hash.update(key).update(row);
    hashes.push(`${kinds.get(kind)?.revision} ${hash.digest('hex').slice(0, 16)}`);
  }
  // Another hash is another result: raise the kind's revision with it.
  expect(hashes).toEqual([
    '2 ec4d1eddf70d4ca9',
    '2 340d421eca87c25e',
    '2 1a0fa265e353b887',
    '1 e823edccd005e80f',
    '1 37c0addb766ea8c9',
    '1 b8a94eac241ffcc4',
  ]);
});
