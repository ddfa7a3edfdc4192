import { expect, test } from 'vitest';

import { memoryStore } from '../../lib/stream/memory-store.ts';
import { decodePartials } from '../../schemas/packed/experiment-partials.ts';
import { hash48 } from './hash.ts';
import { bucketsMax, experimentsMax, Partials } from './partials.ts';
import { type Arm, armState, nothingKept } from './user-row.ts';

const beganMs = 1_700_000_000_000;

function enter(partials: Partials, experiment: string, more: Partial<Arm> = {}): Arm {
  const arm: Arm = {
    ...nothingKept(),
    experiment: hash48(experiment),
    variant: hash48('a'),
    state: armState.open,
    leaves: 0,
    firstMs: beganMs,
    creditMs: 1_000,
    ...more,
  };
  const context = 'home-feed';
  partials.enter(arm, { experiment, variant: 'a', context, creditMs: 1_000, kinds: ['click'] });
  const answer = {
    before: 0,
    items: [],
    wanted: 1,
    page: 0,
    predicted: true,
    enough: true,
    emptied: false,
  };
  partials.answer(arm, { ...answer, servedMs: arm.firstMs, removed: {} });
  return arm;
}

const usersOf = (partials: Partials, experiment: string): number | undefined =>
  decodePartials(partials.bytes).experiments.find((one) => one.experiment === experiment)
    ?.variants[0]?.users;

test('of too many experiments the one that was shown longest ago is forgotten', () => {
  const partials = new Partials(null);
  for (let n = 0; n < experimentsMax; n += 1)
    enter(partials, `x${n}`, { firstMs: beganMs + (n === 7 ? 0 : 1 + n) });
  const arm = enter(partials, 'one-more');
  const { experiments, forgotten } = decodePartials(partials.bytes);
  expect(forgotten).toBe(1);
  expect(experiments).toHaveLength(experimentsMax);
  expect([usersOf(partials, 'x7'), usersOf(partials, 'x8'), usersOf(partials, 'one-more')]).toEqual(
    [undefined, 1, 1],
  );
  // Numbers of the others moved up: what is counted now goes where it belongs, and nowhere else.
  const before = { x: 0, counts: [0], values: [0] };
  partials.change(arm, before, { x: 0, counts: [3], values: [0] });
  partials.change({ ...arm, experiment: hash48('x7') }, before, { ...before, counts: [5] });
  const counts = decodePartials(partials.bytes).experiments.map(({ experiment, variants }) => [
    experiment,
    [...(variants[0]?.cells.values() ?? [])].reduce((sum, { count }) => sum + count, 0),
  ]);
  expect(counts.filter(([, count]) => count !== 0)).toEqual([['one-more', 3]]);
});

test('a course has a bounded number of stretches, however long it is', () => {
  const partials = new Partials(null);
  for (let day = 0; day < 400; day += 1)
    enter(partials, 'x', { firstMs: beganMs + day * 86_400_000 });
  const [own] = decodePartials(partials.bytes).experiments;
  const cells = own?.variants[0]?.cells ?? new Map();
  expect(cells.size).toBeLessThanOrEqual(bucketsMax);
  expect(cells.size).toBeGreaterThan(bucketsMax / 4);
  expect([...cells.values()].reduce((sum, { users }) => sum + users, 0)).toBe(400);
  expect(Math.min(...cells.keys()) * (own?.widthMs ?? 0)).toBeLessThanOrEqual(beganMs);
});

test('what is patched in place is what is written whole', async () => {
  const store = memoryStore();
  const partials = new Partials(null);
  let expected: string | null = null;
  let patched = 0;
  for (let n = 0; n < 200; n += 1) {
    enter(partials, `x${n % 5}`, { firstMs: beganMs + n * 700 });
    const write = partials.write();
    if ('patches' in write) patched += 1;
    const next = String(n);
    await store.commit({ headerKey: 'h', expected, next, writes: [{ key: 's', write }] });
    expected = next;
    expect(store.values.get('s')).toEqual(partials.bytes);
    expect(new Partials(Buffer.from(partials.bytes)).bytes).toEqual(partials.bytes);
  }
  expect(patched).toBeGreaterThan(100);
});

test('items shown are counted once, about', () => {
  const partials = new Partials(null);
  const arm = enter(partials, 'x');
  const items = Array.from({ length: 3_000 }, (_, n) => hash48(`item-${n}`));
  const answer = { before: 0, wanted: 1, page: 0, predicted: true, enough: true, emptied: false };
  for (const _ of [1, 2]) partials.answer(arm, { ...answer, items, servedMs: 0, removed: {} });
  const sketch = decodePartials(partials.bytes).experiments[0]?.variants[0]?.sketch;
  const inverse = [...(sketch ?? [])].reduce((sum, run) => sum + 2 ** -run, 0);
  const estimate = (0.7213 / (1 + 1.079 / 1_024)) * (1_024 ** 2 / inverse);
  expect(Math.abs(estimate - 3_000)).toBeLessThan(300);
});
