import fc from 'fast-check';
import { expect, test } from 'vitest';

import { drive } from '../../lib/stream/memory-driver.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import type { UserSide } from '../../models/model.ts';
import { sessionGapMs } from '../../models/profile.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import type { SignalPack } from '../../schemas/generated/signal-pack.ts';
import { distinctSides } from './sides.ts';
import { signalsFold } from './topology.ts';

const lineage = 'ingest000000';
const types = ['view'];
const dayMs = 86_400_000;

interface Call {
  readonly itemId: string;
  readonly user: string;
  readonly session: string;
}

/** A side that teaches nothing and notes who it was told of. */
const noting = (channel: number): UserSide & { readonly calls: Call[] } => {
  const calls: Call[] = [];
  return {
    channel,
    calls,
    signals: (itemId, _atMs, _recents, { user, session }) => {
      calls.push({ itemId, user, session });
      return [];
    },
  };
};

const options = {
  topic: 'freshet.interactions.v1',
  lineage,
  // JSON instead of Avro: what a decoder does is tested with the decoder.
  decoder: {
    prepare: async () => undefined,
    decode: (value: Buffer | null) => ({
      ok: true as const,
      value: JSON.parse(String(value)) as Interaction,
    }),
  },
  types,
  recentItemsMax: 3,
  horizonMs: 400 * dayMs,
  packing: {
    topic: 'freshet.item-signals.v1',
    partitions: 1,
    encode: ({ signals }: SignalPack) => signals,
    packBytesMax: 4096,
  },
};
const foldOf = (sides: readonly UserSide[]) => signalsFold({ ...options, sides });

type Visit = readonly [user: string, item: string, atMs: number];
const logOf = (visits: readonly Visit[]): LogRecord[] =>
  visits.map(([user_id, item_id, occurred_at], offset) => ({
    topic: 'freshet.interactions.v1',
    partition: 0,
    offset,
    timestampMs: 1,
    key: Buffer.from(user_id),
    value: Buffer.from(
      JSON.stringify({
        user_id,
        item_id,
        occurred_at,
        type: 'view',
        event_clock: offset + 1,
        lineage,
        source_partition: 0,
        source_offset: offset,
      }),
    ),
    headers: {},
  }));

/** What a side is told of each visit. */
const toldOf = async (visits: readonly Visit[], recordsMax = 1000): Promise<Call[]> => {
  const side = noting(7);
  await drive(foldOf([side]), logOf(visits), { bounds: { recordsMax } });
  return side.calls;
};

test('a side that several kinds share is asked once for each visit', async () => {
  const [shared, other] = [noting(7), noting(8)];
  const fold = foldOf([shared, other, shared]);
  await drive(fold, logOf([['ann', 'a', dayMs]]));
  expect([shared.calls.length, other.calls.length]).toEqual([1, 1]);
  expect(fold.config).toMatchObject({ channels: [7, 8], sessionGapMs });
});

test('two sides on one channel are refused: readers could not tell their signals apart', () => {
  expect(() => distinctSides([noting(7), noting(7)])).toThrow('channel 7');
});

test('keys are 11 characters that stay the same for ever', async () => {
  // printf ann | sha1sum; printf 'ann\n86400000' | sha1sum: their first 8 bytes in base64url.
  expect(await toldOf([['ann', 'a', dayMs]])).toEqual([
    { itemId: 'a', user: 'dEy5qfs9VYM', session: 'wjk5JU8lakI' },
  ]);
});

test('the session changes with the gap and the user, the user’s key with the user alone', async () => {
  const calls = await toldOf([
    ['ann', 'a', dayMs],
    ['ann', 'b', dayMs + sessionGapMs],
    ['bob', 'b', dayMs],
    ['ann', 'c', 2 * dayMs],
    ['ann', 'd', dayMs + 1],
    ['ann', 'e', 2 * dayMs - 1],
  ]);
  const sessions = new Map<string, string>();
  for (const { itemId, session } of calls)
    sessions.set(session, (sessions.get(session) ?? '') + itemId);
  // The late visit d has a session of its own: nothing is kept of the one that it would belong to.
  expect([...sessions.values()]).toEqual(['ab', 'b', 'ce', 'd']);
  expect(new Set(calls.map(({ user }) => user)).size).toBe(2);
});

test('keys do not depend on how the log is cut', async () => {
  const visit: fc.Arbitrary<Visit> = fc.tuple(
    fc.constantFrom('ann', 'bob'),
    fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    fc.integer({ min: 0, max: 30 }).map((n) => (n * sessionGapMs) / 3),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(visit, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 20 }),
      async (visits, recordsMax) => {
        expect(await toldOf(visits, recordsMax)).toEqual(await toldOf(visits));
      },
    ),
  );
});
