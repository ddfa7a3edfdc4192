import { describe, expect, test } from 'vitest';

import { buildsKey } from '../../lib/stream/builds.ts';
import { type CurrentGeneration, currentKey } from '../../lib/stream/current.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { listPrefix } from '../../schemas/packed/candidates.ts';
import { openExampleKey } from '../../schemas/packed/open-examples.ts';
import { globOf, keysNaming } from './named-keys.ts';
import { receiptText, removedBy, type Receipt } from './receipt.ts';
import { leftOn } from './topics-left.ts';

const generation = (name: string, code: string, id4: string): CurrentGeneration => ({
  name,
  code,
  id4,
  hash: id4,
  lineage: id4,
  family: name.startsWith('learning') ? 'item' : 'user',
  partitions: 2,
});
const seen = generation('seen-items', 's', 'aaaa');
const before = generation('seen-items', 's', 'bbbb');
const built = generation('served', 'v', 'cccc');
const lists = generation('candidates', 'c', 'dddd');
const learned = generation('learning:x', 'l', 'eeee');

/** As much of Redis's globs as the listing uses. */
function globbed(pattern: string): RegExp {
  const parts = pattern.match(/\\.|\*|\?|[^\\*?]+/g) ?? [];
  const of = (part: string): string => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    const text = part.startsWith('\\') ? part.slice(1) : part;
    return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  };
  return new RegExp(`^${parts.map(of).join('')}$`, 's');
}

function redisOf(keys: readonly string[]) {
  const texts = new Map<string, string>([
    [
      buildsKey('p', 'seen-items'),
      JSON.stringify({ building: null, kept: [{ generation: before }], dropping: [], numbers: {} }),
    ],
    [
      buildsKey('p', 'served'),
      JSON.stringify({ building: { generation: built }, kept: [], dropping: [], numbers: {} }),
    ],
    ...[seen, lists, learned].map(
      (one) => [currentKey('p', one.name), JSON.stringify(one)] as [string, string],
    ),
  ]);
  const all = [...texts.keys(), ...keys];
  return {
    scan: async function* scan(pattern: string) {
      yield all.filter((key) => globbed(pattern).test(key));
    },
    getString: async (key: string) => texts.get(key) ?? null,
    mgetMany: async (groups: readonly (readonly string[])[]) =>
      groups.map((group) => group.map(() => Buffer.from('12345'))),
  } as unknown as Parameters<typeof keysNaming>[0];
}

describe('keys that name a user', () => {
  test.each(['17', 'a*b', 'x[1]?', '-'])('are all found, and no others: %s', async (user) => {
    const own = [
      foldKeys(seen).row(0, user),
      foldKeys(before).row(0, user),
      foldKeys(built).row(0, user),
      foldKeys(lists).row(0, listPrefix('m@1') + user),
      foldKeys(lists).row(0, openExampleKey(listPrefix('m@1'), user)),
      `{zz}qffff${user}`,
    ];
    const others = [
      foldKeys(seen).row(0, `1${user}`),
      foldKeys(seen).row(0, `${user}1`),
      foldKeys(seen).row(0, `a-longer-name-${user}`),
      foldKeys(lists).row(0, listPrefix('m@1') + `1${user}`),
      // An item of the same name.
      foldKeys(learned).row(0, user),
      foldKeys(seen).header(0),
    ];
    const found = await keysNaming(redisOf([...own, ...others]), { prefix: 'p' }, user);
    expect(found.map(({ fold, state }) => [fold, state])).toEqual([
      ['seen-items', 'current'],
      ['seen-items', 'kept'],
      ['served', 'building'],
      ['candidates', 'current'],
      ['candidates', 'current'],
      [null, 'unknown'],
    ]);
    expect(found.map(({ key }) => key)).toEqual(own);
    expect(globOf(user).replaceAll('\\', '')).toBe(user);
  });
});

describe('a receipt', () => {
  const key = (name: string, fold: string) =>
    ({ key: name, fold, bytes: 7, state: 'current' }) as const;

  test('counts what was there and is not any more', () => {
    const all = [key('a', 'served'), key('b', 'served'), key('c', 'signals')];
    expect(removedBy(all, [key('b', 'served')])).toEqual([
      { fold: 'served', keys: 1, bytes: 7 },
      { fold: 'signals', keys: 1, bytes: 7 },
    ]);
  });

  test.each([
    [{ 'retention.ms': '-1', 'cleanup.policy': 'delete' }, null, 'kept without limit'],
    [{ 'retention.ms': '86400000', 'cleanup.policy': 'delete' }, 86_400_000, 'gone 1 days after'],
    [{ 'retention.ms': '1000', 'cleanup.policy': 'compact' }, null, 'compacted, without limit'],
    [{ 'retention.ms': '7200000', 'cleanup.policy': 'compact,delete' }, 7_200_000, 'gone 0.1 days'],
  ])('says of a topic how long it keeps, as the broker has it: %o', (settings, ms, until) => {
    const entries = Object.entries(settings).map(([name, value]) => ({
      name,
      value,
      isDefault: false,
    }));
    const left = leftOn('t', 'named', entries);
    expect(left.retention_ms).toBe(ms);
    expect(left.until).toContain(until);
  });

  test('says what to do about each key that is left, and that it is not in the history', () => {
    const states = ['current', 'kept', 'building', 'unknown'] as const;
    const receipt: Receipt = {
      user_hash: 'ab'.repeat(32),
      salt: 'cd',
      event_id: 'forget-1',
      forgotten_at: '2026-01-01T00:00:00.000Z',
      removed: [],
      left: states.map((state) => ({ fold: 'served', state, key: `{aB}vaaaa<user>${state}` })),
      topics: [],
      failed_events: ['ingest/user-events/0/4', 'ingest/user-events/1/7'],
      recorded: null,
    };
    const text = receiptText(receipt);
    expect(text).toContain('`npx freshet rebuild served --drop --yes`');
    expect(text).toContain('NOT in the history');
    expect(text).toMatch(
      /2 failed events hold the id.* failed drop --why forgotten ingest\/user-events\/0\/4 ingest\/user-events\/1\/7/,
    );
    for (const state of states) expect(text).toContain(`<user>${state} is`);
  });
});
