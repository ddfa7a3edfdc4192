import type { Interval } from '../../../experiments/statistics/comparison.ts';
import { textTable } from '../../data/text-table.ts';
import { whole } from '../../report/words.ts';
import { intervalText, short } from '../words.ts';
import type { Previewed } from './preview.ts';

const perHundred = (interval: Interval): string =>
  intervalText(interval, (value) => short(100 * value));

const howToExplore = (context: string): string =>
  `Models of kind 'blend' explore with "retrieval": {"exploration": {"share": 0.1}} in their definition; apply it for the first step of '${context}', at best in an experiment.`;

const interval = ({ estimate, low, high }: Interval): object => ({ estimate, low, high });

/** For programs. */
export const previewJson = (previewed: Previewed): object => {
  const { model, context, answers, ok, overlap } = previewed;
  const { places, users, leftOut, effectiveUsers, support, cutShare } = overlap;
  const said = {
    model,
    context,
    answers,
    ok,
    places,
    users,
    left_out: leftOut,
    effective_users: effectiveUsers,
    support,
    cut_share: cutShare,
  };
  if (!previewed.ok) return { ...said, reason: previewed.reason };
  const { logged, ips, snips, doublyRobust } = previewed.estimates;
  return {
    ...said,
    logged: interval(logged),
    ips: interval(ips),
    snips: interval(snips),
    doubly_robust: doublyRobust === null ? null : interval(doublyRobust),
  };
};

/** An estimate in words, or why there is none. */
export const previewText = (previewed: Previewed): string => {
  const { model, context, answers, overlap } = previewed;
  const seen = `Of ${whole(answers)} answers in '${context}', ${whole(overlap.places)} places of ${whole(overlap.users)} users were filled with a known chance.`;
  if (!previewed.ok)
    return [seen, previewed.reason, ...(overlap.places === 0 ? [howToExplore(context)] : [])].join(
      '\n',
    );
  const { logged, ips, snips, doublyRobust } = previewed.estimates;
  const best = doublyRobust ?? snips;
  return [
    seen,
    `Effective sample: ${whole(overlap.effectiveUsers)} users; ${short(100 * overlap.support)} % of what ${model} shows could have been shown; ${short(100 * overlap.cutShare)} % of weights were cut.`,
    '',
    textTable(
      ['outcomes per 100 places', 'estimate (95 % interval)'],
      [
        ['what was shown', perHundred(logged)],
        ['IPS', perHundred(ips)],
        ['self-normalised IPS', perHundred(snips)],
        ...(doublyRobust === null ? [] : [['doubly robust', perHundred(doublyRobust)]]),
      ],
    ),
    '',
    conclusion(model, best, logged),
  ].join('\n');
};

const conclusion = (model: string, best: Interval, logged: Interval): string => {
  const isApart = best.low > logged.high || best.high < logged.low;
  const than = best.estimate > logged.estimate ? 'more' : 'less';
  return isApart
    ? `${model} would have brought ${than} than what was shown: an experiment would tell for sure.`
    : `No clear difference between ${model} and what was shown: only an experiment can tell.`;
};
