import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import type { Request } from '../../schemas/generated/request.ts';
import { type Asking, openAsking } from '../support/asking.ts';
import { applyAll, publishItems, testStack } from '../support/fixtures.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';

/** Every rule at once, over processes, Kafka and Redis; and `verify`, which judges again. */
const prefix = 'rules-e2e';
const folds = ['ingest', 'user-features', 'seen-items', 'signals', 'learning'];
let pipeline: Pipeline;
let asking: Asking;

const count = 40;
const ids = Array.from({ length: count }, (_, n) => `i${n}`);
const brandOf = (n: number): string => `brand-${n % 9}`;
const countryOf = (n: number): string => (n % 5 === 0 ? 'Spain' : 'France');
const itemOf = (n: number) => ({
  categories: [`c${n % 2}`],
  attributes: {
    brand: brandOf(n),
    country: countryOf(n),
    language: n % 7 === 0 ? 'fr' : 'en',
    seller: n % 6 === 0 ? 'ann' : 'shop',
    colour: n % 4 === 3 ? 'red' : 'blue',
  },
});

/** As it is shipped: what learns for it is there. */
const trending = JSON.parse(
  readFileSync(new URL('../../definitions/trending.json', import.meta.url), 'utf8'),
) as object;

const shelf = {
  context: 'shelf',
  size: 4,
  pages: true,
  rules: [
    { rule: 'not-seen' },
    { rule: 'available' },
    { rule: 'attribute', attribute: 'country', require: { profile: 'country' } },
    { rule: 'attribute', attribute: 'language', forbid: { request: 'language' } },
    { rule: 'not-own', attribute: 'seller' },
    { rule: 'at-most', items: 2, per: { attribute: 'brand' } },
    { rule: 'not-served', answers: 2 },
  ],
  ladder: [{ step: 'trending', model: 'trending' }],
};

const ask = async (change: Partial<Request> = {}): Promise<Recommendation> => {
  const request = { user_id: 'ann', context_id: 'shelf', attributes: { language: 'fr' } };
  return (await asking.ask({ ...request, ...change })).answer;
};
const numbersOf = ({ items }: Recommendation): number[] =>
  items.map(({ item_id }) => ids.indexOf(item_id));

/** Page after page, to the last. */
const pagesFrom = async (first: Recommendation): Promise<Recommendation[]> => {
  const pages = [first];
  for (let last = first; last.next_page !== null; pages.push(last))
    last = await ask({ page_token: last.next_page });
  return pages;
};

beforeAll(async () => {
  pipeline = await openPipeline(testStack(), prefix, { FRESHET_PROFILE_ATTRIBUTES: 'country' });
  await applyAll(pipeline, [trending, shelf]);
  await publishItems(pipeline, Object.fromEntries(ids.map((id, n) => [id, itemOf(n)])));
  await pipeline.run(['--all']);
  asking = await openAsking(pipeline);
  await pipeline.publish([
    ...ids.map((item_id) => ({ user_id: 'crowd', item_id, type: 'purchase' })),
    { user_id: 'ann', item_id: 'i1', type: 'view', attributes: { country: 'France' } },
  ]);
  await pipeline.caughtUp(folds);
  // Rankings are in memory for a second.
  await vi.waitFor(
    async () => expect((await ask({ user_id: 'eve', context_id: 'shelf' })).held).toEqual([count]),
    { timeout: 20_000, interval: 200 },
  );
});

afterAll(async () => {
  await asking?.close();
  await pipeline?.close();
});

test('pages of an answer keep every rule together, and end', async () => {
  const first = await ask();
  expect(first.items).toHaveLength(4);
  expect(first.judged_with).toMatchObject({
    'profile.country': 'France',
    'request.language': 'fr',
  });
  expect(first.served_offset).toBeGreaterThanOrEqual(0);
  const pages = await pagesFrom(first);
  expect(pages.map(({ page }) => page)).toEqual(pages.map((_, at) => at));
  const shown = pages.flatMap(numbersOf);
  expect(shown.length).toBeGreaterThan(8);
  expect(new Set(shown).size).toBe(shown.length);
  for (const n of shown) {
    expect([countryOf(n), n % 7 === 0, n % 6 === 0, n === 1]).toEqual([
      'France',
      false,
      false,
      false,
    ]);
    expect(shown.filter((other) => brandOf(other) === brandOf(n)).length).toBeLessThanOrEqual(2);
  }
});

test('who has no country gets nothing where one is required, and it is said why', async () => {
  const { items, removed } = await ask({ user_id: 'nobody' });
  expect([items, removed]).toEqual([[], { attribute: count }]);
});

test('what the last answers held is not in the next, once that is known', async () => {
  await pipeline.publish([
    { user_id: 'bob', item_id: 'i2', type: 'view', attributes: { country: 'France' } },
  ]);
  await pipeline.caughtUp(folds);
  const first = await ask({ user_id: 'bob' });
  await pipeline.caughtUp(['served']);
  const second = await ask({ user_id: 'bob' });
  expect(second.removed['not-served']).toBe(4);
  const both = [...numbersOf(first), ...numbersOf(second)];
  expect(new Set(both).size).toBe(8);
});

test('an item that was withdrawn is not on the next page', async () => {
  const user_id = 'bob';
  const first = await ask({ user_id, count: 1 });
  const [next] = numbersOf(await ask({ user_id, page_token: first.next_page, count: 1 }));
  const gone = ids[next ?? -1] ?? '';
  await publishItems(pipeline, { [gone]: null });
  await vi.waitFor(
    async () => {
      const again = await ask({ user_id, page_token: first.next_page });
      expect(again.items.map(({ item_id }) => item_id)).not.toContain(gone);
      expect(again.removed.available).toBe(1);
    },
    { timeout: 20_000, interval: 100 },
  );
});

test('a token of another user, or changed, is refused with the reason', async () => {
  const { next_page: token } = await ask({ count: 1 });
  const said = async (change: Partial<Request>) => {
    const { status, reason, items } = await ask(change);
    return [status, reason, items.length];
  };
  expect(await said({ page_token: token, user_id: 'bob' })).toEqual([
    'invalid',
    'page_token_of_another',
    0,
  ]);
  const changed = `${token?.slice(0, -1)}${token?.endsWith('A') ? 'B' : 'A'}`;
  expect(await said({ page_token: changed })).toEqual(['invalid', 'page_token_not_ours', 0]);
});

test('a rule on another attribute holds once that is read, and every request is answered meanwhile', async () => {
  const red = { rule: 'attribute', attribute: 'colour', forbid: { oneOf: ['red'] } };
  const { context_version: before } = await ask();
  await applyAll(pipeline, [trending, { ...shelf, rules: [...shelf.rules, red] }]);
  let last = await ask();
  while (last.context_version === before) last = await ask();
  expect(last.status).toBe('ok');
  expect(last.items.length).toBeGreaterThan(0);
  for (const n of numbersOf(last)) expect(n % 4).not.toBe(3);
  const all = (await asking.allAnswers()).filter(({ context_id }) => context_id === 'shelf');
  expect(all.filter(({ status }) => status === 'unknown_context')).toEqual([]);
});

test('verify finds that every answer kept its rules, from what it says and the logs', async () => {
  await pipeline.caughtUp(['served']);
  const report = await pipeline.verify();
  expect(report.answers.examples).toEqual([]);
  expect(report.differences).toBe(0);
  expect(report.answers.checked).toBeGreaterThan(8);
  expect(report.services.map(({ service }) => service)).toContain('served');
});
