import { describe, expect, test } from 'vitest';

import { Stage } from './fakes.ts';
import { toyModel } from './toy-model.ts';
import { learnedAheadMax } from './training.ts';

/** A user who has done something, with a list that is logged. */
async function opened(): Promise<Stage> {
  const stage = new Stage();
  stage.visit('ann');
  stage.learn(-1);
  stage.features(1);
  await stage.run();
  return stage;
}

describe('an example', () => {
  test('is closed by what the user does next, and another is opened', async () => {
    const stage = await opened();
    stage.visit('bob');
    stage.visit('ann');
    stage.visit('ann');
    stage.features(4);
    await stage.run();
    expect(stage.examples()).toMatchObject([{ user: 'ann', recent: 'i0', next: 'i2' }]);
    expect(stage.packs()).toMatchObject([
      {
        lineage: 'candidates00',
        source_partition: 1,
        first_offset: 2,
        last_offset: 2,
        examples: [{ offset: 2, weights: 'toy-weights', kind: 'toy' }],
      },
    ]);
    stage.visit('ann');
    stage.features(5);
    await stage.run();
    expect(stage.examples().at(-1)).toMatchObject({ recent: 'i3', next: 'i4' });
  });

  test('is never closed by what its list knew', async () => {
    const stage = new Stage();
    for (const user of ['ann', 'ann', 'ann']) stage.visit(user);
    stage.learn(-1);
    // The features are ahead of the slices.
    stage.features(3);
    await stage.run(1);
    await stage.run(2);
    expect(stage.examples()).toEqual([]);
    stage.visit('ann');
    stage.features(4);
    await stage.run();
    expect(stage.examples()).toMatchObject([{ recent: 'i2', next: 'i3' }]);
  });

  test('is never closed by what may have been learned when its list was made', async () => {
    const stage = new Stage();
    for (const user of ['ann', 'ann', 'bob', 'ann']) stage.visit(user);
    // A backlog: learning is far ahead.
    stage.learn(2);
    for (let offset = 1; offset <= 4; offset += 1) {
      stage.features(offset);
      await stage.run(1);
    }
    // At 1 it was known to learning; of the list that was made then, 3 was not.
    expect(stage.examples()).toMatchObject([{ recent: 'i1', next: 'i3', learned: 2 }]);
    expect(stage.results).toContain('learned_already');
  });

  test('is never closed by what the user was known to have seen when its list was made', async () => {
    const stage = new Stage();
    for (const user of ['ann', 'ann', 'ann']) stage.visit(user);
    stage.learn(-1);
    stage.see(2);
    for (let offset = 1; offset <= 3; offset += 1) {
      stage.features(offset);
      await stage.run(1);
    }
    expect(stage.examples()).toMatchObject([{ recent: 'i1', next: 'i2', had: 1 }]);
    expect(stage.results).toContain('learned_already');
  });

  test('teaches nothing where what the user did is not among the candidates', async () => {
    const stage = await opened();
    stage.visit('ann', 'outside');
    stage.visit('ann');
    stage.features(3);
    await stage.run(1);
    // Used up: what comes after that is another list's.
    await stage.run(1);
    expect(stage.results).toEqual(['opened', 'outside', 'opened']);
    stage.visit('ann');
    stage.features(4);
    await stage.run();
    expect(stage.examples()).toMatchObject([{ recent: 'i2', next: 'i3' }]);
  });

  test('is opened only for users whose lists are logged', async () => {
    const stage = new Stage();
    stage.visit('unlogged');
    stage.learn(-1);
    stage.features(1);
    const { result } = await stage.run();
    expect(result).toMatchObject({ writes: [{ key: 'mv4_unlogged' }], emits: [] });
  });

  test('stays open while stale lists are made anew', async () => {
    const stage = await opened();
    stage.visit('ann');
    stage.features(2);
    // The profile is newer than the example, which the act at 1 is still to close.
    const { result } = await stage.stale('ann');
    expect(result).toMatchObject({ writes: [{ key: 'mv4_ann' }], emits: [] });
    await stage.run();
    expect(stage.examples()).toMatchObject([{ recent: 'i0', next: 'i1' }]);
  });

  test('is opened where a stale list has none', async () => {
    const stage = new Stage([]);
    stage.visit('ann');
    stage.learn(-1);
    stage.features(1);
    await stage.run();
    stage.models.push(toyModel('mv4_'));
    await stage.commit(await stage.stale('ann'));
    stage.visit('ann');
    stage.features(2);
    await stage.run();
    expect(stage.examples()).toMatchObject([{ recent: 'i0', next: 'i1' }]);
  });

  test('gives its user a new list even where a new one stands', async () => {
    const stage = await opened();
    for (const user of ['ann', 'ann', 'ann']) stage.visit(user);
    stage.features(4);
    await stage.commit(await stage.stale('ann'));
    const { result } = await stage.run(1);
    expect(result.kind === 'write' && result.writes.map(({ key }) => key)).toEqual([
      'mv4_ann',
      '!mv4_ann',
    ]);
    // The list knows the rest of the log, and so does the example beside it.
    expect((await stage.run(1)).result).toMatchObject({ writes: [], emits: [] });
  });

  test('knows the weights that its list was ranked by', async () => {
    const stage = new Stage();
    stage.visit('ann');
    stage.visit('ann');
    stage.learn(-1);
    stage.weights('toy-weights', 'W');
    stage.features(1);
    await stage.run(1);
    stage.features(2);
    await stage.run(1);
    expect(stage.examples()).toMatchObject([{ weights: 'W' }]);
  });

  test('larger than its bound is not kept', async () => {
    const model = toyModel('mv4_');
    const { trainer } = model.retrieval;
    if (trainer === null) throw new Error('no trainer');
    const large = {
      ...trainer,
      note: () => ({ candidates: [], open: Buffer.alloc(256 * 1024 + 1) }),
    };
    const stage = new Stage([{ ...model, retrieval: { ...model.retrieval, trainer: large } }]);
    stage.visit('ann');
    stage.learn(-1);
    stage.features(1);
    const { result } = await stage.run();
    expect(result).toMatchObject({ writes: [{ key: 'mv4_ann' }] });
    expect(stage.results).toEqual(['too_large']);
  });
});

describe('where few are logged', () => {
  /** Room for one example in the partition, which ann has. */
  async function full(): Promise<Stage> {
    const stage = new Stage([toyModel('mv4_')], { openExamplesMax: 4 });
    stage.visit('ann');
    stage.learn(-1);
    stage.features(1);
    await stage.run();
    return stage;
  }
  async function act(stage: Stage, ...users: readonly string[]): Promise<void> {
    for (const user of users) stage.visit(user);
    stage.features(stage.visits.length);
    await stage.run();
  }

  test('past the bound those are alone who always are, and all get their lists', async () => {
    const stage = await full();
    for (const user of ['bob', 'alf', 'alice']) stage.visit(user);
    stage.features(4);
    const { result } = await stage.run();
    expect(stage.results).toEqual(['opened', 'enough_open', 'opened', 'opened']);
    const keys = result.kind === 'write' ? result.writes.map(({ key }) => key) : [];
    expect(keys.join()).toBe('mv4_bob,mv4_alf,mv4_alice,!mv4_alf,!mv4_alice');
  });

  test('an example that is closed makes room', async () => {
    const stage = await full();
    await act(stage, 'bob', 'ann');
    expect(stage.results).toEqual(['opened', 'closed', 'opened', 'enough_open']);
  });

  test('one that another owner closed makes room when its user acts', async () => {
    const stage = await full();
    for (const key of stage.store.values.keys())
      if (key.endsWith('!mv4_ann')) stage.store.values.delete(key);
    await act(stage, 'bob', 'ann');
    expect(stage.results).toEqual(['opened', 'opened', 'enough_open']);
  });

  test('a slice that is done again counts once, and logs the same', async () => {
    const stage = new Stage([toyModel('mv4_')], { openExamplesMax: 8 });
    for (const user of ['ann', 'bob', 'cid']) stage.visit(user);
    stage.learn(-1);
    stage.features(3);
    const { result } = await stage.work(3);
    expect(await stage.work(3)).toMatchObject({ result });
    expect(stage.results).toEqual(
      ['opened', 'opened', 'enough_open'].concat('opened', 'opened', 'enough_open'),
    );
  });

  test('where much of what comes next was learned already nobody else is', async () => {
    const stage = new Stage();
    stage.visit('ann');
    stage.visit('alf');
    stage.learn(2 + learnedAheadMax);
    stage.features(2);
    await stage.run();
    expect(stage.results).toEqual(['backlog', 'opened']);
    // One further, and what may be learned is within the bound.
    await act(stage, 'bob');
    expect(stage.results).toEqual(['backlog', 'opened', 'opened']);
  });
});

describe('versions', () => {
  const of = async (...models: ReturnType<typeof toyModel>[]) => {
    const stage = new Stage(models);
    stage.visit('ann');
    stage.visit('ann');
    stage.learn(-1);
    stage.features(1);
    await stage.run(1);
    stage.features(2);
    await stage.run(1);
    return stage.packs().flatMap(({ examples }) => examples.map(({ weights }) => weights));
  };

  test('that share weights teach them once', async () => {
    expect(await of(toyModel('aaaa'), toyModel('bbbb'))).toEqual(['toy-weights']);
  });

  test('with weights of their own teach each', async () => {
    expect(await of(toyModel('aaaa', 'one'), toyModel('bbbb', 'two'))).toEqual(['one', 'two']);
  });
});

describe('an owner', () => {
  test('that was overtaken closes nothing', async () => {
    const stage = await opened();
    const before = stage.headerText();
    stage.visit('ann');
    stage.features(2);
    await stage.run();
    stage.visit('ann');
    stage.features(3);
    const { result } = await stage.work(5, before);
    expect(result).toEqual({ kind: 'restart' });
  });

  test('that dies between sending and storing sends the same again', async () => {
    const stage = await opened();
    stage.visit('ann');
    stage.visit('bob');
    stage.features(3);
    stage.emit(await stage.work(100));
    await stage.run();
    const [first, again] = stage.examples();
    expect(stage.examples().length).toBe(2);
    expect(again).toEqual(first);
  });
});
