import { expect, test } from 'vitest';

import { formatHeader } from '../../lib/stream/header.ts';
import { driveSteps, type Driven } from '../../lib/stream/memory-driver.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import {
  exposureOf,
  foldForTests,
  interactionOf,
  recordOf,
} from '../../services/experiments/fakes.ts';
import type { AnyFold } from './folds.ts';
import { PartitionOfBoth } from './partition-of-both.ts';
import { Findings } from './report.ts';
import type { StoredChunk, StoredPartition } from './stored.ts';

const beganMs = 1_700_000_000_000;
const exposures = Array.from({ length: 6 }, (_, n): LogRecord => {
  const value = exposureOf({
    answer_id: `a${n}`,
    user_id: `u${n % 3}`,
    items: [{ item_id: 'tea', propensity: null }],
    served_at: beganMs + n * 1_000,
  });
  return recordOf('exposures', n, { value, atMs: value.served_at });
});
/** So far apart that the later ones end their users' time: it matters what is folded first. */
const interactions = Array.from({ length: 8 }, (_, n): LogRecord => {
  const appendedMs = beganMs + n * 200_000;
  const value = interactionOf({ user_id: `u${n % 4}`, appended_at: appendedMs, source_offset: n });
  return recordOf('interactions', n, { value, atMs: appendedMs });
});

const chunkOf = ({ header, rows, shared }: Driven, keys: readonly string[]): StoredChunk => ({
  headerText: header === null ? null : formatHeader(header),
  offset: header?.offsets[0] ?? 0,
  keys,
  values: keys.map((key) => rows.get(key) ?? null),
  shared: keys.includes('u0') ? { value: shared } : null,
});

/** State as it stood at two moments of a fold that went on in between. */
async function stored(change: (chunk: StoredChunk) => StoredChunk): Promise<StoredPartition> {
  const fold = foldForTests();
  const early = await driveSteps(fold, [
    { input: 1, records: exposures.slice(0, 4) },
    { input: 0, records: interactions.slice(0, 5) },
  ]);
  const late = await driveSteps(fold, [
    { input: 1, records: exposures.slice(0, 5) },
    { input: 0, records: interactions.slice(0, 7) },
  ]);
  const keys = ['u0', 'u1', 'u2', 'u3'];
  return {
    partition: 0,
    before: early.header,
    keys: new Set(keys),
    chunks: [chunkOf(early, ['u0', 'u1']), change(chunkOf(late, ['u2', 'u3']))],
  };
}

async function differencesIn(partition: StoredPartition, acted = interactions) {
  const findings = new Findings();
  const refold = new PartitionOfBoth({
    fold: foldForTests() as unknown as AnyFold,
    stored: partition,
    findings,
    lows: [0, 0],
    stayFailed: [new Set(), new Set()],
    describe: () => '',
  });
  // As two logs are read: in batches that have nothing to do with where state was looked at.
  for (let at = 0; at < 8; at += 3) {
    for (const record of acted.slice(at, at + 3)) refold.take(0, record);
    refold.advance();
    if (refold.waitsFor(1))
      for (const record of exposures.slice(at, at + 3)) refold.take(1, record);
    refold.advance();
  }
  refold.finish();
  return { examples: findings.examples, values: refold.values };
}

test('what was stored at different moments is what both logs say of that moment', async () => {
  expect(await differencesIn(await stored((chunk) => chunk))).toEqual({ examples: [], values: 7 });
});

test('a row, a header or a sum that is not as the logs say is found, and a row too many', async () => {
  const twisted = await stored((chunk) => ({
    ...chunk,
    values: chunk.values.map((value) => (value === null ? null : Buffer.concat([value, value]))),
  }));
  expect((await differencesIn(twisted)).examples).toHaveLength(2);
  const moved = await stored((chunk) => ({
    ...chunk,
    headerText: (chunk.headerText ?? '').replace(/ [0-9a-f]/, ' x'),
  }));
  expect((await differencesIn(moved)).examples).toMatchObject([
    { where: 'experiments/0 (header)' },
  ]);
  const more = await stored((chunk) => ({
    ...chunk,
    keys: [...chunk.keys, 'zoe'],
    values: [...chunk.values, Buffer.from('x')],
  }));
  expect((await differencesIn(more)).examples).toMatchObject([{ what: 'must not be' }]);
});

test('a row that is gone, and a log that ends too soon, are found', async () => {
  const whole = await stored((chunk) => chunk);
  const without = { ...whole, keys: new Set(['u0', 'u1', 'u2']) };
  expect((await differencesIn(without)).examples).toMatchObject([
    { where: 'experiments/0 u3', what: 'is missing' },
  ]);
  const { examples } = await differencesIn(whole, interactions.slice(0, 4));
  expect(examples[0]?.what).toMatch(/^stands at 7, 5, the logs end at 4, /);
});
