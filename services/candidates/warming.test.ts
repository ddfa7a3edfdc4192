import { describe, expect, test } from 'vitest';

import { generationOf } from '../../lib/stream/generations.ts';
import { decodeCandidates, encodeCandidates } from '../../schemas/packed/candidates.ts';
import { ownAt, partition, Stage } from './fakes.ts';
import { LiveWork } from './live-work.ts';
import { RecentUsers } from './recent-users.ts';
import { toyModel } from './toy-model.ts';
import { decodeWarmMarks, type Scope, type WarmMark, warmMarksKey } from './warm-marks.ts';
import { Warming } from './warming.ts';

const signalsAt = generationOf({
  hash: 'h',
  lineage: 'l',
  partitions: 4,
  name: 'signals',
  id4: 'Sig1',
  code: 'g',
  family: 'user',
});
const old = toyModel('old_');
const tried = { ...toyModel('new_'), version: 'tried@000000000001' };
/** The last of them is logged also where few are. */
const users = [...Array.from({ length: 19 }, (_, n) => `u${n}`), 'alma1'];
const headerKey = ownAt.keys.header(partition);

/** Everybody has acted once and has a list of the old model; the new one has come into use. */
async function warmStage() {
  const stage = new Stage([old]);
  for (const user of users) stage.visit(user);
  stage.features(users.length);
  stage.see(users.length);
  stage.learn(users.length);
  await stage.run();
  stage.models.push(tried);
  const { values } = stage.store;
  values.set(signalsAt.keys.header(partition), Buffer.from(`${users.length} abcdef12 -`));
  let scope: Scope = ['test@1'];
  let wanted: (user: string) => boolean = () => true;
  let isOwner = true;
  let signalEnd = 9;
  let commits = 0;
  let onCommit: (commits: number) => Promise<void> = async () => undefined;
  const left: number[] = [];
  const start = (): Warming =>
    new Warming({
      lists: {
        ...stage.lists,
        models: {
          ...stage.lists.models,
          wants: (version, user) => version !== tried.version || wanted(user),
        },
        generations: {
          read: async (names) =>
            new Map([...(await stage.lists.generations.read(names)), ['signals', signalsAt]]),
        },
      },
      scopeOf: (version) => (version === tried.version ? scope : 'all'),
      store: {
        commit: async (commit) => {
          commits += 1;
          await onCommit(commits);
          return stage.store.commit(commit);
        },
      },
      owns: (at) => at === partition && isOwner,
      log: {
        since: async () =>
          [0, 1, 2, 3].map((at) => ({ from: 0, end: at === partition ? users.length : 0 })),
        signalEnds: async () => [0, 0, 0, signalEnd],
        users: async function* users() {
          yield stage.visits.map(({ user }) => user);
        },
      },
      live: new LiveWork(() => 0),
      pause: async () => undefined,
      clockMs: () => 0,
      counted: {
        left: (version, count) => void (version === tried.version && left.push(count)),
        forget: () => undefined,
      },
    });
  const listOf = (user: string): Buffer | undefined =>
    values.get(ownAt.keys.row(partition, tried.listPrefix + user));
  return {
    stage,
    left,
    start,
    listOf,
    warm: () => start().round(),
    put: (key: string, value: Buffer) => void values.set(key, value),
    withLists: () => users.filter((user) => listOf(user) !== undefined),
    mark: (): WarmMark | undefined =>
      decodeWarmMarks(values.get(ownAt.keys.row(partition, warmMarksKey)) ?? null).find(
        ({ version }) => version === tried.version,
      ),
    scope: (next: Scope) => void (scope = next),
    want: (next: (user: string) => boolean) => void (wanted = next),
    own: (next: boolean) => void (isOwner = next),
    signals: (end: number) => void (signalEnd = end),
    onCommit: (next: (commits: number) => Promise<void>) => void (onCommit = next),
  };
}

const listBytes = (profileOffset: number, computedAtMs: number): Buffer =>
  encodeCandidates({ profileOffset, computedAtMs, newestAtMs: 1, candidates: [] });

describe('a version that comes into use', () => {
  test('gets a list for everybody who was active, and is marked as warm then', async () => {
    const { warm, withLists, mark, left, listOf, stage } = await warmStage();
    const before = stage.headerText();
    await warm();
    expect(withLists()).toEqual(users);
    expect(decodeCandidates(listOf('u3') ?? Buffer.alloc(0)).profileOffset).toBe(users.length);
    expect(mark()).toMatchObject({ isDone: true, scope: ['test@1'], users: 20, left: 0 });
    expect(stage.headerText()).toBe(before);
    await warm();
    expect(left.at(-1)).toBe(0);
  });

  test('gets none for whom it is not wanted, and logs no example', async () => {
    const { warm, withLists, want, stage } = await warmStage();
    const before = [...stage.store.values.keys()].filter((key) => key.includes('!'));
    want((user) => user.endsWith('1'));
    await warm();
    expect(withLists()).toEqual(['u1', 'u11', 'alma1']);
    expect([...stage.store.values.keys()].filter((key) => key.includes('!'))).toEqual(before);
  });

  test('leaves lists alone that are there', async () => {
    const { warm, listOf, put } = await warmStage();
    put(ownAt.keys.row(partition, `${tried.listPrefix}u4`), listBytes(77, 5));
    await warm();
    expect(decodeCandidates(listOf('u4') ?? Buffer.alloc(0)).profileOffset).toBe(77);
  });

  test('goes on where it was interrupted, and is not warm before its end', async () => {
    const { warm, withLists, mark, own, onCommit } = await warmStage();
    onCommit(async (commits) => own(commits < 3));
    await warm();
    const half = withLists().length;
    expect(half).toBeGreaterThan(0);
    expect(half).toBeLessThan(users.length);
    expect(mark()?.isDone).toBe(false);
    own(true);
    let made = 0;
    onCommit(async () => void (made += 1));
    await warm();
    expect(withLists()).toEqual(users);
    expect(mark()?.isDone).toBe(true);
    // One to begin, one to end, and those of the users that were left.
    expect(made).toBe(2 + Math.ceil((users.length - half) / 8));
  });

  test('never writes over what a live slice stored in between', async () => {
    const { warm, stage, listOf, withLists, put, onCommit } = await warmStage();
    onCommit(async (commits) => {
      if (commits !== 2) return;
      // The newest come first: u18 is among those that are about to be written.
      put(ownAt.keys.row(partition, `${tried.listPrefix}u18`), listBytes(99, stage.nowMs + 1));
      put(headerKey, Buffer.from('21,0 abcdef12,- -,-'));
      onCommit(async () => undefined);
    });
    await warm();
    expect(withLists()).toEqual(users);
    expect(stage.headerText()).toBe('21,0 abcdef12,- -,-');
    expect(decodeCandidates(listOf('u18') ?? Buffer.alloc(0)).profileOffset).toBe(99);
  });

  test('waits for its folds, and makes again what was made of half of them', async () => {
    const { warm, start, withLists, mark, signals, put, listOf, stage } = await warmStage();
    put(ownAt.keys.row(partition, `${tried.listPrefix}u4`), listBytes(1, stage.nowMs - 1));
    signals(5_000);
    await warm();
    expect([withLists(), mark()]).toEqual([['u4'], undefined]);
    const process = start();
    await process.round();
    signals(9);
    stage.nowMs += 1;
    await process.round();
    expect(withLists()).toEqual(users);
    expect(decodeCandidates(listOf('u4') ?? Buffer.alloc(0)).profileOffset).toBe(users.length);
    expect(mark()?.isDone).toBe(true);
  });
});

describe('a mark', () => {
  test('is of those for whom lists were wanted', async () => {
    const { warm, scope, want, mark, withLists } = await warmStage();
    want((user) => user < 'u2');
    await warm();
    scope(['other@1', 'test@1']);
    want(() => true);
    await warm();
    expect(withLists()).toEqual(users);
    expect(mark()).toMatchObject({ isDone: true, scope: ['other@1', 'test@1'] });
    scope(['other@1']);
    await warm();
    expect(mark()).toMatchObject({ isDone: true, scope: ['other@1'] });
  });

  test('does not outlive the use of its version', async () => {
    const { warm, mark, stage } = await warmStage();
    await warm();
    stage.models.pop();
    await warm();
    expect(mark()).toBeUndefined();
  });
});

test('of too many users those who acted last are kept, newest first', () => {
  const recent = new RecentUsers(2);
  for (const user of ['ann', 'bob', 'ann', 'cid']) recent.acted(user);
  expect(recent.newestFirst()).toEqual(['cid', 'ann']);
});
