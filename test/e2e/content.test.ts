import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';

import { applyDefinitions } from '../../cli/commands/apply.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { type Item, itemSchema } from '../../schemas/generated/item.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import { items } from '../../topics/items.ts';
import { topicName } from '../../topics/topic.ts';
import { type Asking, openAsking } from '../support/asking.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';

/** What items are about, and what users come back to, becomes lists: nothing is learned for them. */
const prefix = 'content-e2e';
let pipeline: Pipeline;
let asking: Asking;

const context = (name: string, model: string): object => ({
  context: name,
  size: 10,
  rules: [{ rule: 'available' }],
  ladder: [{ step: model, model }],
});
const definitions: readonly object[] = [
  { model: 'content', kind: 'content' },
  { model: 'again', kind: 'again' },
  context('alike', 'content'),
  context('once-more', 'again'),
];

async function apply(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'freshet-definitions-'));
  try {
    for (const [n, one] of definitions.entries())
      writeFileSync(join(dir, `${n}.json`), JSON.stringify(one));
    await applyDefinitions(dir, pipeline.bed.config);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function publishItems(of: Readonly<Record<string, Partial<Item> | null>>): Promise<void> {
  const { config, registry } = pipeline.bed;
  const topic = topicName(config.prefix, items);
  const encode = await openEncoder<Item>(registry, `${topic}-value`, itemSchema);
  await pipeline.publishRaw(
    Object.entries(of).map(([key, change]) => ({
      topic,
      key,
      value: change === null ? null : encode({ ...bare, item_id: key, ...change }),
    })),
  );
}
const bare: Item = {
  item_id: '',
  title: '',
  categories: [],
  attributes: {},
  available_from: null,
  available_until: null,
};
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
  pipeline = await openPipeline(
    {
      kafkaBrokers: inject('kafkaBrokers'),
      registryUrl: inject('registryUrl'),
      redisUrl: inject('redisUrl'),
    },
    prefix,
  );
  await apply();
  await publishItems({
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
    await publishItems({ 'new-lamp': { title: 'Red lamp', categories: ['lamps'] }, monster: null });
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
