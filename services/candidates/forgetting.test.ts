import { expect, test } from 'vitest';

import { openExampleMark } from '../../schemas/packed/open-examples.ts';
import { forgetType, mergedType } from '../../topics/reserved-types.ts';
import { ownAt, partition, Stage } from './fakes.ts';

/** Whose list and whose open example are stored. */
function kept(stage: Stage): { readonly lists: string[]; readonly examples: string[] } {
  const prefix = ownAt.keys.row(partition, '');
  const keys = [...stage.store.values.keys()].filter((key) => key.startsWith(prefix));
  const names = keys.map((key) => key.slice(prefix.length)).toSorted();
  const userOf = (name: string): string => /(ann|bob)$/.exec(name)?.[1] ?? name;
  return {
    lists: names.filter((name) => !name.startsWith(openExampleMark)).map(userOf),
    examples: names.filter((name) => name.startsWith(openExampleMark)).map(userOf),
  };
}

/** Two users with lists that are logged. */
async function known(): Promise<Stage> {
  const stage = new Stage();
  stage.visit('ann');
  stage.visit('bob');
  stage.learn(-1);
  stage.features(2);
  await stage.run();
  expect(kept(stage)).toEqual({ lists: ['ann', 'bob'], examples: ['ann', 'bob'] });
  return stage;
}

test.each([forgetType, mergedType])('%s: lists and open examples go, unclosed', async (type) => {
  const stage = await known();
  stage.visit('ann', '', type);
  stage.features(3);
  await stage.run();
  expect(kept(stage)).toEqual({ lists: ['bob'], examples: ['bob'] });
  expect(stage.examples()).toEqual([]);
});

test('lists go beside those that others come to in the same slice', async () => {
  const stage = await known();
  stage.visit('ann', '', forgetType);
  stage.visit('bob');
  stage.features(4);
  await stage.run();
  expect(kept(stage)).toEqual({ lists: ['bob'], examples: ['bob'] });
  expect(stage.examples()).toMatchObject([{ user: 'bob' }]);
});

test('what the user did before it in the same slice closes nothing either', async () => {
  const stage = await known();
  stage.visit('ann');
  stage.visit('ann', '', forgetType);
  stage.features(4);
  await stage.run();
  expect(kept(stage)).toEqual({ lists: ['bob'], examples: ['bob'] });
  expect(stage.examples()).toEqual([]);
});

test('who comes back in the same slice has lists of what came after, and of nothing before', async () => {
  const stage = await known();
  stage.visit('ann', '', forgetType);
  stage.visit('ann', 'i9');
  stage.features(4);
  await stage.run();
  expect(kept(stage)).toEqual({ lists: ['ann', 'bob'], examples: ['ann', 'bob'] });
  expect(stage.examples()).toEqual([]);
  stage.visit('ann', 'i10');
  stage.features(5);
  await stage.run();
  expect(stage.examples()).toMatchObject([{ user: 'ann', recent: 'i9', next: 'i10' }]);
});

test('in a backlog a list that is new already goes too, and comes again with its user', async () => {
  const stage = await known();
  stage.visit('ann', '', forgetType);
  stage.visit('ann', 'i9');
  stage.features(4);
  await stage.commit(await stage.stale('ann'));
  await stage.run(1);
  expect(kept(stage).lists).toEqual(['bob']);
  await stage.run(1);
  expect(kept(stage).lists).toEqual(['ann', 'bob']);
});

test('an owner that was overtaken removes nothing', async () => {
  const stage = await known();
  stage.visit('ann', '', forgetType);
  stage.visit('bob');
  stage.features(4);
  const late = await stage.work(1);
  await stage.run();
  stage.visit('ann', 'i9');
  stage.features(5);
  await stage.run();
  expect(await stage.commit(late)).toBe(false);
  expect(kept(stage).lists).toEqual(['ann', 'bob']);
});
