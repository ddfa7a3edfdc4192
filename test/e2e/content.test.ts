import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import type { Item } from '../../schemas/generated/item.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import { type Asking, openAsking } from '../support/asking.ts';
import { applyAll, contextOf, publishItems, testStack } from '../support/fixtures.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';

/** What items are about, and what users come back to, becomes lists: nothing is learned for them. */
const prefix = 'content-e2e';
let pipeline: Pipeline;
let asking: Asking;

const definitions: readonly object[] = [
  { model: 'content', kind: 'content' },
  { model: 'again', kind: 'again' },
  contextOf('alike', 'content'),
  contextOf('once-more', 'again'),
];

const monster: Partial<Item> = {
  title: 'lamp '.repeat(13_000),
  categories: Array.from({ length: 10_000 }, (_, n) => `c${n}`),
};

/** Everything up to the user's list has been folded. */
async function visits(...events: readonly { user_id: string; item_id: string }[]): Promise<void> {
  await pipeline.publish(events);
  await pipeline.caughtUp(['ingest', 'user-features']);
  await pipeline.caughtUp(['candidates']);
}

const idsOf = ({ items: answered }: Recommendation): string[] =>
  answered.map(({ item_id }) => item_id);
const ask = async (user_id: string, context_id: string, session: string[] = []) =>
  idsOf((await asking.ask({ user_id, context_id, session })).answer);

beforeAll(async () => {
  pipeline = await openPipeline(testStack(), prefix);
  await applyAll(pipeline, definitions);
  await publishItems(pipeline, {
    lamp: { title: 'Red glass lamp', categories: ['lamps'] },
    'other-lamp': { title: 'Blue lamp', categories: ['lamps'] },
    chair: { title: 'Oak chair', categories: ['chairs'] },
    nameless: {},
    monster,
  });
  await pipeline.run(['--all']);
  asking = await openAsking(pipeline);
});

afterAll(async () => {
  await asking.close();
  await pipeline.close();
});

describe('lists by content', () => {
  test('hold what is about the same, whatever else a producer sent', async () => {
    await visits({ user_id: 'ann', item_id: 'lamp' }, { user_id: 'bob', item_id: 'nameless' });
    expect(await ask('ann', 'alike')).toEqual(['other-lamp', 'monster']);
    expect(await ask('bob', 'alike')).toEqual([]);
  });

  test('hold a new item that nobody has taken yet, and none that was withdrawn', async () => {
    await publishItems(pipeline, {
      'new-lamp': { title: 'Red lamp', categories: ['lamps'] },
      monster: null,
    });
    let found: string[] = [];
    while (!found.includes('new-lamp') || found.includes('monster')) {
      await visits({ user_id: 'ann', item_id: 'lamp' });
      found = await ask('ann', 'alike');
    }
    expect(found).toEqual(['new-lamp', 'other-lamp']);
  });

  test('are made for a session while its request waits', async () => {
    const both = ['new-lamp', 'lamp'];
    // What items are about is read apart from what rules need, and may come a moment later.
    await vi.waitFor(
      async () => expect(await ask('nobody', 'alike', ['chair', 'other-lamp'])).toEqual(both),
      { timeout: 20_000 },
    );
  });
});

test('lists of what to take again hold own items alone', async () => {
  await visits({ user_id: 'eve', item_id: 'chair' }, { user_id: 'eve', item_id: 'lamp' });
  expect((await ask('eve', 'once-more')).toSorted()).toEqual(['chair', 'lamp']);
  expect(await ask('nobody', 'once-more')).toEqual([]);
});
