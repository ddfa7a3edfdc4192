import { readFileSync } from 'node:fs';

import { type ExperimentDefinition, parseExperiment } from '../../experiments/definition.ts';
import {
  type Baseline,
  detectableEffect,
  type Plan,
  planOf,
} from '../../experiments/statistics/planning.ts';
import {
  meanOf,
  noSums,
  type Sums,
  varianceOf,
  withUser,
} from '../../experiments/statistics/sums.ts';
import { hours, percent, whatIsMeasured } from '../../experiments/statistics/words.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { messageOf, UserError } from '../../lib/errors.ts';
import { RowFaults } from '../data/faults.ts';
import { textTable } from '../data/text-table.ts';
import { interactionsOf } from '../evaluate/topic-data.ts';
import { whole } from '../report/words.ts';
import { type Act, actOf, creditsOf } from './logs/credit.ts';
import { readShown, type Shown } from './logs/shown.ts';
import { short, unknown } from './words.ts';

const dayMs = 86_400_000;
/** With fewer, neither their mean nor how far they lie apart is known well enough to plan by. */
const baselineUsersMin = 30;
const spanMsMin = 3_600_000;
const durationsDays = [7, 14, 28] as const;

export interface Planned {
  readonly experiment: string;
  readonly context: string;
  readonly outcome: string;
  readonly relative_effect: number;
  readonly days_seen: number;
  readonly users_seen: number;
  /** Null: they were seen for less than an hour, which says nothing of a day. */
  readonly users_per_day: number | null;
  readonly baseline: { readonly users: number; readonly mean: number; readonly variance: number };
  /** Null: there are too few outcomes to plan by. */
  readonly plan: Plan | null;
  /** The smallest relative difference that so many days would find. */
  readonly detectable: readonly { readonly days: number; readonly effect: number | null }[];
}

export async function planFile(
  config: CommonConfig,
  { file, days }: { readonly file: string; readonly days: number },
): Promise<Planned> {
  const definition = definitionIn(file);
  const shown = await readShown(config, { context: definition.context, days });
  if (shown.length === 0)
    throw new UserError(
      `nobody was answered in '${definition.context}': there is nothing to plan by before it is asked for`,
    );
  const users = new Set(shown.map(({ userId }) => userId));
  let acts: Act[] = [];
  const onForgotten = (userId: string): void => {
    acts = acts.filter((act) => act.userId !== userId);
  };
  for await (const events of interactionsOf(config, new RowFaults(), onForgotten))
    for (const event of events) if (users.has(event.user_id)) acts.push(actOf(event));
  return planned(definition, shown, acts);
}

const definitionIn = (file: string): ExperimentDefinition => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`);
  }
  const parsed = parseExperiment(text);
  if (parsed.ok) return parsed.value;
  throw new UserError(parsed.faults.map((fault) => `${file}: ${fault}`).join('\n'));
};

/** From what was shown, in order, and what these users did. */
export const planned = (
  definition: ExperimentDefinition,
  shown: readonly Shown[],
  acts: readonly Act[],
): Planned => {
  const { experiment, context, outcome, relativeEffect, traffic } = definition;
  const sums = outcomesOf(definition, shown, acts);
  const baseline: Baseline = { mean: meanOf(sums), variance: varianceOf(sums) };
  const fromMs = shown[0]?.servedMs ?? 0;
  const spanMs = Math.max(1, (shown.at(-1)?.servedMs ?? 0) - fromMs);
  const users = new Set(shown.map(({ userId }) => userId)).size;
  const usersPerDay = spanMs < spanMsMin ? null : (users * dayMs) / spanMs;
  const isKnown = sums.n >= baselineUsersMin && baseline.mean > 0 && baseline.variance > 0;
  return {
    experiment,
    context,
    outcome: whatIsMeasured(outcome),
    relative_effect: relativeEffect,
    days_seen: spanMs / dayMs,
    users_seen: users,
    users_per_day: usersPerDay,
    baseline: { users: sums.n, ...baseline },
    plan: isKnown && usersPerDay !== null ? planOf(definition, baseline, usersPerDay) : null,
    detectable: durationsDays.map((days) => {
      const entered = (usersPerDay ?? 0) * traffic * (days - outcome.withinHours / 24);
      return { days, effect: isKnown ? effectAfter(definition, baseline, entered) : null };
    }),
  };
};

/** Of the smallest variant, beside the control. Null: nobody's time is over by then. */
const effectAfter = (
  { variants, alpha }: ExperimentDefinition,
  baseline: Baseline,
  users: number,
): number | null => {
  const [control, ...others] = variants.map(({ weight }) => weight);
  const least = Math.min(...others);
  if (control === undefined || users < 1) return null;
  return detectableEffect(
    { baseline, alpha, power: 0.8, weights: [control, least], comparisons: others.length },
    users * (control + least),
  );
};

/** As an experiment would have counted: per user, within the time from the first exposure on. */
const outcomesOf = (
  { context, outcome }: ExperimentDefinition,
  shown: readonly Shown[],
  acts: readonly Act[],
): Sums => {
  const withinMs = outcome.withinHours * 3_600_000;
  const firsts = new Map<string, number>();
  for (const { userId, servedMs } of shown) if (!firsts.has(userId)) firsts.set(userId, servedMs);
  const endMs = Math.max(
    shown.at(-1)?.servedMs ?? 0,
    acts.reduce((newest, { appendedMs }) => Math.max(newest, appendedMs), 0),
  );
  const credits = creditsOf(
    shown,
    acts.filter(({ userId, appendedMs }) => appendedMs <= (firsts.get(userId) ?? 0) + withinMs),
    { context, kinds: outcome.kinds, withinMs },
  );
  const byUser = Map.groupBy(credits, ({ act }) => act.userId);
  let sums = noSums;
  for (const [userId, firstMs] of firsts) {
    if (firstMs + withinMs > endMs) continue;
    const own = byUser.get(userId) ?? [];
    const value = own.reduce((sum, { act }) => sum + act.value, 0);
    const y = { any: Math.min(1, own.length), count: own.length, value }[outcome.measure];
    sums = withUser(sums, y);
  }
  return sums;
};

const spanText = (days: number): string =>
  days >= 2 ? `${short(days)} days` : hours(Number((days * 24).toPrecision(3)));

export const planText = (made: Planned): string => {
  const { baseline, plan, relative_effect: effect } = made;
  const { users_seen: users, users_per_day: perDay } = made;
  const answered = `In ${spanText(made.days_seen)} ${whole(users)} ${users === 1 ? 'user was' : 'users were'} answered in '${made.context}'`;
  if (perDay === null)
    return `${answered}: how many come in a day is not known before an hour of them has been seen, and so not how long it will take. Ask again then, or look at more with --days.`;
  const seen = `${answered}: ${whole(perDay)} new ones a day.${made.days_seen < 1 ? ' That is reckoned from less than a day, and users who come again are new only once: take the days below for a guess.' : ''}`;
  if (plan === null)
    return [
      seen,
      `Too little is known of ${made.outcome} to plan by: ${baseline.users} users had their whole time${baseline.users === 0 ? '' : `, with ${short(baseline.mean)} in the mean`}. Look at more with --days, or take a shorter time (withinHours).`,
    ].join('\n');
  const days = (given: number | null): string =>
    given === null ? unknown : String(Math.max(1, Math.ceil(given)));
  return [
    seen,
    `Measured: ${made.outcome}, ${short(baseline.mean)} in the mean, deviation ${short(Math.sqrt(baseline.variance))}, of ${whole(baseline.users)} users whose time was over.`,
    '',
    textTable(
      [`to find ${percent(effect)}`, 'users', 'days'],
      [
        ['looked at any time, at most', plan.usersSequential, days(plan.daysSequential)],
        ['looked at once, at the end', plan.usersFixed, days(plan.daysFixed)],
      ],
    ),
    '',
    textTable(
      ['after', 'finds'],
      made.detectable.map((one) => [
        `${one.days} days`,
        one.effect === null ? unknown : percent(one.effect),
      ]),
    ),
  ].join('\n');
};
