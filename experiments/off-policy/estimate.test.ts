import { expect, test } from 'vitest';

import { type OffPolicy, offPolicy } from './estimate.ts';
import { collected, type LoggedPlace } from './places.ts';

/** Items with these chances of a click; the logging model shows them by these chances. */
const clicks = [0.1, 0.3, 0.5] as const;
const logging = [0.6, 0.3, 0.1] as const;
const target = [0.1, 0.3, 0.6] as const;
const truth = 0.01 + 0.09 + 0.3;

/** A small generator, so that a test is always the same (mulberry32). */
const randomOf = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** What a model of rewards expects of each item; wrong by this much. */
function* log(seed: number, users: number, wrongBy = 0): Generator<LoggedPlace> {
  const random = randomOf(seed);
  const expected = clicks.map((chance) => chance + wrongBy);
  const ofTarget = expected.reduce((sum, one, item) => sum + one * (target[item] ?? 0), 0);
  for (let user = 0; user < users; user++)
    for (let place = 0; place < 3; place++) {
      const point = random();
      const item = point < 0.6 ? 0 : point < 0.9 ? 1 : 2;
      yield {
        user: `u${user}`,
        propensity: logging[item],
        reward: random() < clicks[item] ? 1 : 0,
        targetShows: target[item],
        modelReward: expected[item] ?? 0,
        targetModelReward: ofTarget,
      };
    }
}

const estimated = (result: OffPolicy) =>
  result.ok ? result.estimates : expect.fail(result.reason);

test('a model that shows what was shown is estimated as what was seen', () => {
  const same = [...log(1, 500)].map((place) => ({ ...place, targetShows: place.propensity }));
  const { logged, ips, snips } = estimated(offPolicy(same));
  expect(ips).toEqual(logged);
  expect(snips).toEqual(logged);
});

test('weights are the ratio of chances, sums are by user', () => {
  const place = { user: 'a', propensity: 0.25, reward: 2, targetShows: 0.5 };
  const { users, isModelled } = collected([
    { ...place, modelReward: 1, targetModelReward: 3 },
    { ...place, reward: 0, modelReward: 1, targetModelReward: 3 },
  ]);
  // 3 + 2 (2 - 1), and 3 + 2 (0 - 1).
  expect(users).toEqual([{ places: 2, reward: 2, weight: 4, weightedReward: 4, corrected: 6 }]);
  expect(isModelled).toBe(true);
});

test('a mean weight above 1 by chance, or by a little, is no reason to refuse', () => {
  for (let seed = 1; seed <= 100; seed++) estimated(offPolicy(log(seed, 300)));
  const little = [...log(1, 2_000)].map((one) => ({ ...one, propensity: one.propensity / 1.05 }));
  expect(estimated(offPolicy(little)).ips.low).toBeLessThan(truth * 1.1);
});

test('intervals cover what the target would have had, in about 95 of 100 logs', () => {
  const covered = { ips: 0, snips: 0, doublyRobust: 0, wrongModel: 0 };
  const widths = { ips: 0, snips: 0, doublyRobust: 0 };
  for (let seed = 1; seed <= 300; seed++) {
    const { ips, snips, doublyRobust } = estimated(offPolicy(log(seed, 500)));
    const wrong = estimated(offPolicy(log(seed, 500, 0.4))).doublyRobust;
    const all = { ips, snips, doublyRobust, wrongModel: wrong };
    for (const name of ['ips', 'snips', 'doublyRobust', 'wrongModel'] as const) {
      const { low = NaN, high = NaN } = all[name] ?? {};
      if (low <= truth && truth <= high) covered[name]++;
    }
    for (const name of ['ips', 'snips', 'doublyRobust'] as const)
      widths[name] += (all[name]?.high ?? NaN) - (all[name]?.low ?? NaN);
  }
  for (const count of Object.values(covered)) {
    expect(count).toBeGreaterThanOrEqual(276);
    expect(count).toBeLessThanOrEqual(298);
  }
  expect(widths.snips).toBeLessThan(widths.ips);
  expect(widths.doublyRobust).toBeLessThan(widths.ips);
});

test('a user with many places is no more than one user', () => {
  const many = [...log(7, 400)];
  const copied = many.flatMap((place) => [place, place, place, place]);
  const [once, often] = [estimated(offPolicy(many)), estimated(offPolicy(copied))];
  expect(often.snips.low).toBeCloseTo(once.snips.low, 12);
  expect(often.ips.high).toBeCloseTo(once.ips.high, 12);
});

test('without a model of rewards there is no doubly robust estimate', () => {
  const bare = [...log(3, 400)].map(({ user, propensity, reward, targetShows }) => ({
    user,
    propensity,
    reward,
    targetShows,
  }));
  expect(estimated(offPolicy(bare)).doublyRobust).toBeNull();
});

test.each([
  ['nothing', [], /^Nothing was shown with a known chance/],
  [
    'few users',
    [...log(1, 60)],
    /^Too little overlap: what was shown says as much as \d\d users would, and at least 100/,
  ],
  [
    'what was never shown',
    [...log(1, 2_000)].map((place) => ({
      ...place,
      targetShows: place.propensity === 0.1 ? 0.02 : 0,
    })),
    /^Too little overlap: of what this model shows, about 2 % could have been shown/,
  ],
  [
    'chances that are not those it was shown by',
    [...log(1, 2_000)].map((place) => ({ ...place, propensity: place.propensity / 1.5 })),
    /^The chances do not fit what was shown: .* about 1\d\d places of 100, .* ask about fewer days/,
  ],
] as const)('of %s it says why it says nothing', (_, places, reason) => {
  const result = offPolicy(places);
  expect(result).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
});

test('chances that cannot be are left out, and huge weights are cut; both are counted', () => {
  const good = [...log(5, 500)];
  const place = { user: 'x', reward: 1, targetShows: 1 };
  const { overlap } = offPolicy([
    ...good,
    { ...place, propensity: 0 },
    { ...place, propensity: NaN },
    { ...place, propensity: 0.5, reward: NaN },
    { ...place, propensity: 0.0001 },
  ]);
  expect(overlap.leftOut).toBe(3);
  expect(overlap.cutShare).toBeCloseTo(1 / 1_501, 10);
});
