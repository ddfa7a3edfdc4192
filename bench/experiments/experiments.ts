import { monotonicMs } from '../../lib/clock.ts';
import { randomOf } from '../micro/synthetic.ts';
import { guardrailFigures, sampleRatioFalseAlarms, sampleRatioUsers } from './alarms.ts';
import { cupedFigures } from './cuped.ts';
import { growingShares } from './growing.ts';
import { coverage, everFoundShare } from './looked-at.ts';
import { extreme, type Population, populations } from './populations.ts';
import { type Power, powerOf } from './power.ts';

export interface ExperimentsOptions {
  /** Of A/A tests, per population; half as many of all others. */
  readonly tests: number;
  readonly users: number;
  readonly say: (line: string) => void;
}

const lift = 0.2;

/** What the statistics of experiments do where the truth is known. Seeded: always the same. */
export const benchExperiments = (options: ExperimentsOptions) => {
  const startedMs = monotonicMs();
  const random = randomOf(2_103_06476);
  const { tests, users, say } = options;
  const half = Math.ceil(tests / 2);
  const each = <T>(of: (population: Population) => T): Record<string, T> =>
    Object.fromEntries(populations.map((population) => [population.name, of(population)]));

  say('A/A tests, looked at after every 100 users');
  const aa = each((population) => everFoundShare(tests, { population, users, random }));
  const uneven = Object.fromEntries(
    [...populations, extreme].map((population) => [
      population.name,
      everFoundShare(half, { population, users, random, weight: 0.1 }),
    ]),
  );
  say('A/B tests with a known lift');
  const covered = each((population) => coverage(half, { population, users, random, lift }));
  say('users whose value goes on growing');
  const growing = { users, random, isEnteredOnce: true };
  const once = growingShares(half, { ...growing, lift });
  const onceNothing = growingShares(half, { ...growing, lift: 0 });
  const atOnce = growingShares(half, { ...growing, lift, isEnteredOnce: false });
  const atOnceNothing = growingShares(half, { ...growing, lift: 0, isEnteredOnce: false });
  say('power beside a test looked at once');
  const powers = each((population) =>
    powerOf({ population, usersFixed: users, effect: 1, tests: half, random }),
  );
  const larger = largerEffects({ tests: half, users, random });
  say('CUPED, sample ratio, guardrails');
  const cuped = cupedFigures(Math.ceil(tests / 10), users / 2, random);
  const falseAlarms = sampleRatioFalseAlarms(half, users * 5, random);
  const skew = sampleRatioUsers(Math.ceil(tests / 10), 0.505, random);
  const skewTwo = sampleRatioUsers(Math.ceil(tests / 10), 0.51, random);
  return {
    aa_ever_significant_share: Math.max(...Object.values(aa)),
    interval_coverage: Math.min(...Object.values(covered).map(({ absolute }) => absolute)),
    interval_coverage_growing: once.covered,
    power_sequential: lowest(powers, 'sequential'),
    power_fixed: lowest(powers, 'fixed'),
    power_sequential_at_its_plan: lowest(powers, 'sequential_at_its_plan'),
    cuped_width_ratio: cuped.width_ratio,
    srm_false_alarm_share: falseAlarms,
    srm_users_to_detect: skew.eight_of_ten,
    aa: { even: aa, one_in_ten: uneven, growing: onceNothing.found },
    coverage: covered,
    growing_counted_at_once: { coverage: atOnce.covered, aa: atOnceNothing.found },
    power: powers,
    power_counts_by_effect: larger,
    cuped_coverage: cuped.coverage,
    srm: { of_50_5_percent: skew, of_51_percent: skewTwo },
    guardrail: guardrailFigures(half, random),
    tests,
    users_per_test: users,
    seconds: Number(((monotonicMs() - startedMs) / 1_000).toFixed(1)),
  };
};

const lowest = (powers: Readonly<Record<string, Power>>, of: keyof Power): number =>
  Math.min(...Object.values(powers).map((power) => power[of]));

/** Where it pays: the larger the effect beside the planned, the sooner it is found. */
const largerEffects = ({
  tests,
  users,
  random,
}: {
  readonly tests: number;
  readonly users: number;
  readonly random: () => number;
}): Record<string, Power> => {
  const population = populations.find(({ name }) => name === 'counts');
  if (population === undefined) return {};
  return Object.fromEntries(
    [0.5, 1.5, 2, 3].map((effect) => [
      `times_${effect}`,
      powerOf({ population, usersFixed: users, effect, tests: Math.ceil(tests / 2), random }),
    ]),
  );
};
