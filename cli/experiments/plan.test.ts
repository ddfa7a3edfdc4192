import { expect, test } from 'vitest';

import { experimentSchema } from '../../experiments/definition.ts';
import type { Act } from './logs/credit.ts';
import type { Shown } from './logs/shown.ts';
import { planned, planText } from './plan.ts';

const hourMs = 3_600_000;
const definition = experimentSchema.parse({
  experiment: 'blends',
  context: 'home',
  variants: [
    { variant: 'a', model: 'blend', weight: 0.5 },
    { variant: 'b', model: 'popular', weight: 0.5 },
  ],
  outcome: { kinds: ['click'], measure: 'count', withinHours: 24 },
  relativeEffect: 0.1,
});

/** A new user an hour, shown two answers; every second one clicks twice, and once too late. */
const history = (users: number): { shown: Shown[]; acts: Act[] } => {
  const shown: Shown[] = [];
  const acts: Act[] = [];
  for (let user = 0; user < users; user++) {
    const userId = `u${user}`;
    const firstMs = user * hourMs;
    for (const [answer, afterMs] of [0, 2 * hourMs].entries())
      shown.push({
        answerId: `${userId}/${answer}`,
        userId,
        servedMs: firstMs + afterMs,
        answeredBy: 'mine',
        items: [{ itemId: 'tea', propensity: null }],
      });
    for (const afterMs of user % 2 === 0 ? [hourMs, 3 * hourMs, 25 * hourMs] : [])
      acts.push({
        userId,
        itemId: 'tea',
        type: 'click',
        answerId: null,
        contextId: null,
        value: 1,
        appendedMs: firstMs + afterMs,
        occurredMs: firstMs + afterMs,
      });
  }
  return { shown: shown.toSorted((a, b) => a.servedMs - b.servedMs), acts };
};

test('reckons by what users did within their time', () => {
  const { shown, acts } = history(240);
  const made = planned(definition, shown, acts);
  expect(made.users_seen).toBe(240);
  expect(made.users_per_day).toBeCloseTo(24, 0);
  expect(made.baseline.mean).toBeCloseTo(1, 1);
  expect(made.baseline.variance).toBeCloseTo(1, 1);
  expect(made.baseline.users).toBe(240);
  // 2 * 2 * (1.96 + 0.84)^2 / 0.1^2, of both.
  expect(made.plan?.usersFixed).toBeGreaterThan(3_000);
  expect(made.plan?.usersFixed).toBeLessThan(3_300);
  expect(made.plan?.usersSequential).toBeGreaterThan(made.plan?.usersFixed ?? 0);
  expect(made.plan?.daysFixed).toBeCloseTo((made.plan?.usersFixed ?? 0) / 24 + 1, -1);
  const [week, , month] = made.detectable.map(({ effect }) => effect ?? 0);
  expect(week).toBeGreaterThan(month ?? 0);
  expect(planText(made)).toContain('looked at any time, at most');
});

test('an hour must have been seen before anything is said of a day', () => {
  const made = planned(definition, history(1).shown.slice(0, 1), []);
  expect([made.users_seen, made.users_per_day, made.plan]).toEqual([1, null, null]);
  expect(planText(made)).toMatch(
    /1 user was answered in 'home': how many come in a day is not known/,
  );
});

test('leaves out whose time is not over', () => {
  const { shown, acts } = history(240);
  const lastMs = shown.at(-1)?.servedMs ?? 0;
  const sofar = acts.filter(({ appendedMs }) => appendedMs <= lastMs);
  expect(planned(definition, shown, sofar).baseline).toMatchObject({ users: 218 });
});

test('half of the traffic takes twice as long', () => {
  const { shown, acts } = history(240);
  const all = planned(definition, shown, acts).plan?.daysFixed ?? 0;
  const half = planned({ ...definition, traffic: 0.5 }, shown, acts).plan?.daysFixed ?? 0;
  expect(half - 1).toBeCloseTo(2 * (all - 1), 6);
});

test.each([
  ['few users', history(20)],
  ['nothing done', { shown: history(240).shown, acts: [] }],
])('says that it cannot be planned by %s', (_, { shown, acts }) => {
  const made = planned(definition, shown, acts);
  expect(made.plan).toBeNull();
  expect(planText(made)).toMatch(/Too little is known of the number of click per user/);
  expect(planText(made)).not.toMatch(/NaN|Infinity/);
});
