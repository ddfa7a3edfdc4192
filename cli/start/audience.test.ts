import { expect, test } from 'vitest';

import { visits } from './audience.ts';

test('so many ask in the first context that an experiment can count them, and all in the other', () => {
  const users = Array.from({ length: 224 }, (_, index) => `u${index}`);
  const shown = ['u0', 'u1', 'u2'];
  const firstContextUsersMax = 50;
  const next = visits({ users, shown, contexts: ['home-feed', 'basket'], firstContextUsersMax });
  const made = Array.from({ length: 2_000 }, () => next());
  const askIn = (context: string): Set<string> =>
    new Set(made.flatMap(({ userId, contextId }) => (contextId === context ? [userId] : [])));
  const home = askIn('home-feed').difference(new Set(shown));
  expect(home.size).toBeGreaterThan(firstContextUsersMax - shown.length);
  expect(home.size).toBeLessThanOrEqual(firstContextUsersMax);
  expect(askIn('home-feed').isSupersetOf(new Set(shown))).toBe(true);
  expect(askIn('basket').size).toBeGreaterThan(100);
});
