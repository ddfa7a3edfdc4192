import { expect, test } from 'vitest';

import { driveSteps } from '../../lib/stream/memory-driver.ts';
import { decodePartials, type PackedCell } from '../../schemas/packed/experiment-partials.ts';
import { answersMax, armsMax, keptMs, shownMax } from './credit.ts';
import { exposureOf, foldForTests, interactionOf, latenessMs, recordOf } from './fakes.ts';
import type { OutcomeInteraction, ShownExposure } from './topology.ts';
import { userRows } from './user-row.ts';

const beganMs = 1_700_000_000_000;
const dayMs = 86_400_000;
const tea = [{ item_id: 'tea', propensity: null }];

type Happened =
  | { readonly shown: Partial<ShownExposure> }
  | { readonly act: Partial<OutcomeInteraction> };

/** Folds what happened, in this order, into one partition; times are from the beginning on. */
async function after(...happened: readonly Happened[]) {
  let [shown, acted] = [0, 0];
  const steps = happened.map((one) => {
    if ('shown' in one) {
      const served_at = beganMs + (one.shown.served_at ?? 0);
      const value = exposureOf({ answer_id: `a${shown}`, items: tea, ...one.shown, served_at });
      return { input: 1, records: [recordOf('e', shown++, { value, atMs: served_at })] };
    }
    const appended_at = beganMs + (one.act.appended_at ?? 0);
    const occurred_at = beganMs + (one.act.occurred_at ?? one.act.appended_at ?? 0);
    const times = { appended_at, occurred_at, source_offset: acted };
    const value = interactionOf({ ...one.act, ...times });
    return { input: 0, records: [recordOf('i', acted++, { value, atMs: appended_at })] };
  });
  const { rows, shared, skipped } = await driveSteps(foldForTests(), steps);
  const figures = shared === null ? null : decodePartials(shared);
  const row = (user: string) => {
    const bytes = rows.get(user);
    return bytes === undefined ? null : userRows.decode(bytes);
  };
  return { figures, skipped, row, sums: sumsOf(figures) };
}

const sumsOf = (figures: ReturnType<typeof decodePartials> | null) => {
  const cells = (figures?.experiments ?? []).flatMap(({ variants }) =>
    variants.flatMap((variant) => [...variant.cells.values()]),
  );
  const sum = (of: keyof Omit<PackedCell, 'kinds'>): number =>
    cells.reduce((total, cell) => total + cell[of], 0);
  return {
    users: sum('users'),
    any: sum('any'),
    count: sum('count'),
    value: sum('value'),
    x: sum('x'),
  };
};

test.each<[string, Partial<OutcomeInteraction>, number]>([
  ['an item that was shown', { appended_at: 5_000 }, 1],
  ['an item that was not shown', { item_id: 'cup', appended_at: 5_000 }, 0],
  ['another item, but of the answer', { item_id: 'cup', answer_id: 'a0', appended_at: 5_000 }, 1],
  ['an answer that nobody knows, and the item', { answer_id: 'zz', appended_at: 5_000 }, 1],
  ['an answer that nobody knows', { answer_id: 'zz', item_id: 'cup', appended_at: 5_000 }, 0],
  ['the context', { context_id: 'home-feed', appended_at: 5_000 }, 1],
  ['another context', { context_id: 'basket', appended_at: 5_000 }, 0],
  ['a kind that does not count', { type: 'view', appended_at: 5_000 }, 0],
  ['another user', { user_id: 'bob', appended_at: 5_000 }, 0],
  ['the last moment', { appended_at: 600_000 }, 1],
  ['too late', { appended_at: 600_001 }, 0],
  ['something that happened long before', { appended_at: 5_000, occurred_at: -90_000 }, 0],
  ['a clock that is behind', { appended_at: 5_000, occurred_at: -50_000 }, 1],
])('an outcome by %s', async (_, act, expected) => {
  const { sums } = await after({ shown: {} }, { act });
  expect(sums).toMatchObject({ users: 1, any: expected, count: expected });
});

test('values add up in hundredths, whatever they are', async () => {
  const acts = [1.115, 2, null, 1e300, Number.NaN, -1].map((value, n) => ({
    act: { value, appended_at: 1_000 + n },
  }));
  const { sums } = await after({ shown: {} }, ...acts);
  expect(sums.count).toBe(6);
  expect(sums.value).toBeCloseTo(1e9, -1);
});

test('what came before counts by its age, and what comes on the day does not', async () => {
  const before = [-14, -14, -28].map((day) => ({ act: { appended_at: day * dayMs } }));
  const { sums } = await after(...before, { act: { appended_at: -1_000 } }, { shown: {} });
  expect(sums.x).toBeCloseTo(0.5 + 0.5 + 0.25, 1);
});

test('who sees two variants counts in none, and is counted', async () => {
  const { figures, sums } = await after(
    { shown: {} },
    { act: { appended_at: 1_000 } },
    { shown: { variant: 'b', served_at: 2_000 } },
    { act: { appended_at: 3_000 } },
  );
  expect(sums).toMatchObject({ users: 0, any: 0, count: 0 });
  expect(figures?.experiments[0]?.multiple).toBe(1);
});

test('an interaction that comes when its time is over by its own log is late', async () => {
  const end = 600_000 + latenessMs;
  const { figures, sums } = await after(
    { shown: {} },
    { act: { user_id: 'bob', appended_at: end + 1 } },
    { act: { appended_at: 5_000 } },
  );
  expect(sums.count).toBe(0);
  expect(figures?.experiments[0]?.late).toBe(1);
  const inTime = await after(
    { shown: {} },
    { act: { user_id: 'bob', appended_at: end } },
    { act: { appended_at: 5_000 } },
  );
  expect(inTime.sums.count).toBe(1);
});

test('a row is small once its time is over, and what is shown then is nothing new', async () => {
  const { row, figures } = await after(
    { shown: {} },
    { act: { appended_at: 5_000 } },
    { act: { appended_at: 600_000 + latenessMs + 1 } },
    { shown: { answer_id: 'later', served_at: 700_000 } },
  );
  expect(row('ann')?.arms).toMatchObject([{ answers: new Map(), state: 1 }]);
  expect(figures?.experiments[0]?.variants[0]).toMatchObject({ users: 1, answers: 1 });
});

test('an exposure outside experiments and one sent again count nothing', async () => {
  const { figures, skipped } = await after(
    { shown: { user_id: 'bob' } },
    { shown: { experiment: null, variant: null } },
    { shown: { user_id: 'bob', answer_id: 'a0' } },
  );
  expect(figures?.experiments[0]?.variants).toMatchObject([{ users: 1, answers: 1 }]);
  expect(Object.fromEntries(skipped)).toEqual({ duplicate: 1 });
});

test('what was shown later than the interaction counts nothing, whichever is folded first', async () => {
  const first = { shown: {} };
  const later = { shown: { items: [{ item_id: 'cup', propensity: null }], served_at: 9_000 } };
  const acts = [
    { act: { item_id: 'cup', appended_at: 8_999 } },
    { act: { item_id: 'jug', answer_id: 'a1', appended_at: 8_999 } },
  ];
  expect((await after(first, ...acts, later)).sums.count).toBe(0);
  expect((await after(first, later, ...acts)).sums.count).toBe(0);
  const after9 = acts.map(({ act }) => ({ act: { ...act, appended_at: 9_000 } }));
  expect((await after(first, later, ...after9)).sums.count).toBe(2);
});

test('a row is bounded in answers, items and experiments, and the first ones stay', async () => {
  const many = Array.from({ length: answersMax + 5 }, (_, n) => ({
    shown: {
      items: Array.from({ length: 20 }, (__, at) => ({
        item_id: `i${n * 20 + at}`,
        propensity: null,
      })),
      served_at: n,
    },
  }));
  const { row, figures } = await after(...many, {
    act: { item_id: 'i0', appended_at: 1_000 },
  });
  const [arm] = row('ann')?.arms ?? [];
  expect([arm?.answers.size, arm?.shown.size]).toEqual([answersMax, shownMax]);
  expect(figures?.experiments[0]?.variants[0]?.answers).toBe(answersMax);
  expect(sumsOf(figures).count).toBe(1);
  const others = Array.from({ length: armsMax + 2 }, (_, n) => ({
    shown: { experiment: `x${n}`, served_at: n === armsMax + 1 ? 600_001 + keptMs : 0 },
  }));
  const crowded = await after(...others);
  expect(crowded.figures?.unplaced).toBe(1);
  expect(crowded.row('ann')?.arms).toHaveLength(1);
  expect(crowded.figures?.experiments).toHaveLength(armsMax + 1);
});

test('the clock of whoever served it says nothing', async () => {
  const value = exposureOf({ items: tea, served_at: beganMs * 2 });
  const act = interactionOf({ appended_at: beganMs + 1_000 });
  const { rows, header } = await driveSteps(foldForTests(), [
    { input: 1, records: [recordOf('e', 0, { value, atMs: beganMs })] },
    { input: 0, records: [recordOf('i', 0, { value: act, atMs: beganMs + 1_000 })] },
  ]);
  expect(header?.newestMs).toEqual([beganMs + 1_000, beganMs]);
  const row = userRows.decode(rows.get('ann') as Buffer);
  expect(row.arms).toMatchObject([{ firstMs: beganMs, sums: { counts: [1, 0] } }]);
});

test('an experiment that names no kinds counts them all as one', async () => {
  const { sums } = await after(
    { shown: { outcome_kinds: [] } },
    { act: { type: 'view', appended_at: 1 } },
    { act: { type: 'anything', appended_at: 2 } },
  );
  expect(sums).toMatchObject({ any: 1, count: 2 });
});
