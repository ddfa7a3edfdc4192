import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { drive } from '../../lib/stream/memory-driver.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import type { OutMessage } from '../../lib/stream/topology.ts';
import { userSides } from '../../models/kinds.ts';
import { ownKeyMark } from '../../models/model.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import type { SignalPack } from '../../schemas/generated/signal-pack.ts';
import { readSignals } from '../../schemas/packed/signals-reader.ts';
import {
  interactionRecord,
  interactionsSource,
  userFoldConformance,
} from '../../test/support/user-folds.ts';
import { forgetType } from '../../topics/reserved-types.ts';
import { signalsFold } from './topology.ts';

const types = ['view', 'purchase'];
const partitions = 3;
const encode = ({ signals, ...rest }: SignalPack): Buffer =>
  Buffer.from(JSON.stringify({ ...rest, signals: signals.toString('base64') }));
const decodePack = (value: Buffer | null): SignalPack => {
  const pack = JSON.parse(value?.toString() ?? '{}') as SignalPack & { signals: string };
  return { ...pack, signals: Buffer.from(pack.signals, 'base64') };
};
/** Those of the first kinds: what others teach is tested with them. */
const sides = userSides.filter(({ channel }) => channel === 1 || channel === 3);
const foldOf = (packBytesMax = 4096, horizonMs = 400 * 86_400_000, of: typeof userSides = sides) =>
  signalsFold({
    ...interactionsSource,
    types,
    horizonMs,
    recentItemsMax: 3,
    sides: of,
    packing: { topic: 'freshet.item-signals.v1', partitions, encode, packBytesMax },
  });

const record = (offset: number, change: Partial<Interaction>) =>
  interactionRecord(offset, { type: 'view', ...change });

/** Every signal as text, with the partition, pack and offset that it lies at. */
const signalsIn = (messages: readonly OutMessage[]) =>
  messages.flatMap(({ partition, value }, pack) => {
    const { signals, first_offset, last_offset } = decodePack(value);
    const all: { at: number; partition: number; pack: number; text: string }[] = [];
    const offsets = new Set<number>();
    for (const { channel } of sides) {
      const fault = readSignals(signals, { channel, types }, (signal, context, at) => {
        const { item, others, notes } = signal;
        const text = `${channel} ${context.type} ${item}: ${others.map((o, n) => `${o}/${notes[n]}`).join()}`;
        all.push({ at, partition: partition as number, pack, text });
        expect(partitionOf(item, partitions)).toBe(partition);
        offsets.add(at);
      });
      expect(fault).toBeNull();
    }
    expect([Math.min(...offsets), Math.max(...offsets)]).toEqual([first_offset, last_offset]);
    return all;
  });

const logs = fc
  .array(
    fc.record({
      user_id: fc.constantFrom('ann', 'bob', 'cid'),
      item_id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
      type: fc.constantFrom(...types),
      occurred_at: fc.integer({ min: 0, max: 30 }).map((n) => n * 600_000),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((changes) => changes.map((change, offset) => record(offset, change)));

describe('signals', () => {
  test('pair a visit with the recent items, both ways', async () => {
    const { emitted } = await drive(foldOf(), [
      record(0, { item_id: 'a', occurred_at: 1 }),
      record(1, { item_id: 'b', occurred_at: 2 }),
      record(2, { item_id: 'a', occurred_at: 3, type: 'purchase' }),
    ]);
    const texts = signalsIn(emitted).map(({ at, text }) => `${at} ${text}`);
    expect(texts.sort()).toEqual([
      '0 1 view a: ',
      '0 3 view a: ',
      '1 1 view b: ',
      '1 3 view a: b/193',
      '1 3 view b: a/65',
      '2 1 purchase a: ',
      '2 3 purchase a: b/65,a/66',
      '2 3 purchase b: a/193',
    ]);
  });

  test('of one interaction for one partition lie in one pack, however small packs are', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.constantFrom(1, 80, 4096), async (log, packBytesMax) => {
        const { emitted } = await drive(foldOf(packBytesMax), log);
        const packOf = new Map<string, number>();
        for (const { at, partition, pack } of signalsIn(emitted)) {
          const place = `${at}/${partition}`;
          expect(packOf.get(place) ?? pack).toBe(pack);
          packOf.set(place, pack);
        }
      }),
    );
  });

  test('and rows do not depend on how the log is cut', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.integer({ min: 1, max: 20 }), async (log, recordsMax) => {
        const whole = await drive(foldOf(), log);
        const cut = await drive(foldOf(64), log, { bounds: { recordsMax } });
        expect(cut.rows).toEqual(whole.rows);
        const texts = (messages: readonly OutMessage[]): string[] =>
          signalsIn(messages)
            .map(({ at, text }) => `${at} ${text}`)
            .sort();
        expect(texts(cut.emitted)).toEqual(texts(whole.emitted));
      }),
    );
  });

  test('of a type that is not configured are none, and it is counted', async () => {
    const { rows, emitted, skipped } = await drive(foldOf(), [record(0, { type: 'unheard-of' })]);
    expect([rows.size, emitted.length, skipped.get('unknown_type')]).toEqual([0, 0, 1]);
  });

  test('for a fixed log are those of revision 3', async () => {
    const log = Array.from({ length: 400 }, (_, n) =>
      record(n, {
        user_id: `user-${(n * 7) % 13}`,
        item_id: `item-${(n * n) % 41}`,
        type: types[n % 2] as string,
        occurred_at: 1_700_000_000_000 + ((n * 7919) % 200) * 1000,
      }),
    );
    const { rows, emitted } = await drive(foldOf(), log);
    const hash = createHash('sha256');
    for (const [key, row] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1)))
      hash.update(key).update(row);
    const texts = signalsIn(emitted).map(({ at, text }) => `${at} ${text}`);
    hash.update(texts.sort().join('\n'));
    // Another hash is another result: raise the fold's revision with it.
    expect([foldOf().revision, hash.digest('hex').slice(0, 16)]).toEqual([3, '74f617510ee8aaf1']);
  });
});

userFoldConformance({
  types,
  foldOf: (horizonMs) => foldOf(4096, horizonMs),
  emitted: (messages) => signalsIn(messages).map(({ at, text }) => `${at} ${text}`),
  golden: [3, '9bd30a2f2cfc2c22', '1a1e774154a96b33'],
});

test('who is to be forgotten is named to rows of users alone, by hashes', async () => {
  const fold = foldOf(4096, 400 * 86_400_000, userSides);
  const { emitted, rows } = await drive(fold, [
    record(0, { item_id: 'a', occurred_at: 5_000 }),
    record(1, { item_id: '', type: forgetType, occurred_at: 6_000 }),
  ]);
  expect(rows.size).toBe(0);
  const named: string[][] = [[], []];
  for (const { channel } of userSides)
    for (const { value } of emitted)
      readSignals(decodePack(value).signals, { channel, types }, ({ item }, _, at) => {
        named[at]?.push(item);
      });
  const own = (items: readonly string[] = []) =>
    items.filter((item) => item.startsWith(ownKeyMark)).toSorted();
  // The rows that the act has taught, and nothing of items.
  expect(named[1]?.toSorted()).toEqual(own(named[0]));
  expect(named[1]).toHaveLength(2);
});
