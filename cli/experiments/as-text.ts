import { nobodyComes } from '../../experiments/intake.ts';
import { meanOf } from '../../experiments/statistics/sums.ts';
import { hours, percent, shareOf, whatIsMeasured } from '../../experiments/statistics/words.ts';
import { oneLine } from '../data/readable.ts';
import { textTable } from '../data/text-table.ts';
import type { Assessed, AssessedVariant } from './assessed.ts';
import { boundsText, stateText } from './intake-words.ts';
import {
  brokenTexts,
  expectedUsers,
  headline,
  intervalText,
  missingTexts,
  perUser,
  sampleRatioText,
  shareText,
  short,
  signedPercent,
  signedShort,
  guardrailWord,
  unknown,
} from './words.ts';

export const listText = (all: readonly Assessed[]): string =>
  all.length === 0
    ? 'there is no experiment yet: `npx freshet experiment create FILE` drafts one'
    : textTable(
        ['experiment', 'context', 'state', 'users', 'found'],
        all.map((one) => [
          one.record.definition.experiment,
          one.record.definition.context,
          listedState(one),
          one.variants.reduce((sum, { exposed }) => sum + exposed, 0),
          found(one),
        ]),
      );

const listedState = ({ record, intake }: Assessed): string =>
  intake.kind === 'ended' || intake.kind === 'ahead'
    ? `${record.state} (${intake.kind === 'ended' ? 'ended' : 'begins later'})`
    : record.state;

const words = {
  nothing: 'no difference that matters',
  undecided: 'none yet',
  too_early: 'too early to say',
  not_to_be_believed: 'do not believe it',
} as const;

const overWords = { ...words, undecided: 'none', too_early: 'nothing can be said' } as const;

const found = (one: Assessed): string => {
  const { record, verdict, isCounted, fault } = one;
  if (record.decision !== null) return record.decision.winner ?? 'no winner';
  if (fault !== null) return words.not_to_be_believed;
  if (!isCounted) return unknown;
  if (verdict.kind === 'found') return verdict.winner ?? unknown;
  return (nobodyComes(one.intake) ? overWords : words)[verdict.kind];
};

/** What the page says, without its course over time. */
export const showText = (assessed: Assessed): string => {
  const { record, figures } = assessed;
  const { definition } = record;
  const missing = missingTexts(assessed);
  const bounds = boundsText(definition);
  return [
    `${definition.experiment} on ${definition.context}: ${stateText(assessed)}`,
    ...(bounds === null ? [] : [`takes users ${bounds}`]),
    ...record.stops.map(
      ({ variant, why }) => `stopped ${variant ?? 'as a whole'}: ${oneLine(why)}`,
    ),
    '',
    headline(assessed),
    ...brokenTexts(assessed),
    '',
    ...(assessed.isCounted ? [sampleRatioText(assessed), exposures(assessed)] : [models(assessed)]),
    '',
    `Outcome: ${whatIsMeasured(definition.outcome)}, within ${hours(definition.outcome.withinHours)} of the first exposure.`,
    ...(assessed.isCounted ? [outcomes(assessed)] : []),
    ...guardrails(assessed),
    ...(assessed.isCounted
      ? [
          '',
          `In two variants: ${figures.multiple} users. Too late to count: ${figures.late} interactions.`,
        ]
      : []),
    '',
    'Missing for a decision:',
    ...missing.map((text) => `  ${text}`),
  ].join('\n');
};

const nameOf = ({ variant, stopped }: AssessedVariant, at: number): string =>
  `${variant}${at === 0 ? ' (control)' : ''}${stopped === null ? '' : ' (stopped)'}`;

const models = ({ variants }: Assessed): string =>
  textTable(
    ['variant', 'weight', 'model'],
    variants.map((one, at) => [nameOf(one, at), percent(one.weight), one.model]),
  );

const exposures = (assessed: Assessed): string =>
  textTable(
    ['variant', 'weight', 'users', 'expected', 'time over', 'answers', 'enough', 'emptied'],
    assessed.variants.map((one, at) => {
      const expected = expectedUsers(assessed, one);
      const { answers, enough, emptied } = one.answers;
      return [
        nameOf(one, at),
        percent(one.weight),
        one.exposed,
        expected === null ? unknown : Math.round(expected),
        one.outcome.n,
        answers,
        shareText(enough, answers),
        shareText(emptied, answers),
      ];
    }),
  );

const outcomes = ({ variants, verdict }: Assessed): string => {
  const kinds = [...new Set(variants.flatMap((one) => Object.keys(one.kinds)))].toSorted();
  return textTable(
    [
      'variant',
      'per user',
      ...kinds.map((kind) => `${kind}/user`),
      'of the control',
      'difference',
      'p',
    ],
    variants.map((one, at) => {
      const comparison = at === 0 ? undefined : verdict.comparisons[at - 1];
      const n = one.outcome.n;
      return [
        nameOf(one, at),
        n === 0 ? unknown : short(meanOf(one.outcome)),
        ...kinds.map((kind) => perUser(one.kinds[kind]?.count ?? 0, n)),
        at === 0 ? '' : intervalText(comparison?.relative ?? null, signedPercent),
        at === 0 ? '' : intervalText(comparison?.absolute ?? null, signedShort),
        comparison?.absolute == null ? '' : shareOf(comparison.p),
      ];
    }),
  );
};

const guardrails = ({ variants }: Assessed): readonly string[] => {
  const rows = variants.flatMap((one, at) =>
    one.guardrails.map((guardrail) => {
      const { of, share, limit, p, isBroken } = guardrail;
      const word = guardrailWord(guardrail);
      return [
        nameOf(one, at),
        of,
        share === null ? unknown : percent(share),
        'min' in limit ? `at least ${percent(limit.min)}` : `at most ${percent(limit.max)}`,
        isBroken ? `${word} (p ${shareOf(p)})` : word,
      ];
    }),
  );
  return rows.length === 0
    ? []
    : ['', textTable(['variant', 'guardrail', 'now', 'limit', 'state'], rows)];
};
