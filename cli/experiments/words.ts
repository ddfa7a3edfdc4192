import { nobodyComes } from '../../experiments/intake.ts';
import type { Interval } from '../../experiments/statistics/comparison.ts';
import type { GuardrailState } from '../../experiments/statistics/guardrails.ts';
import { percent, shareOf } from '../../experiments/statistics/words.ts';
import { oneLine } from '../data/readable.ts';
import { whole } from '../report/words.ts';
import type { Assessed, AssessedVariant } from './assessed.ts';
import { aheadText, wayOut, wayOutTexts } from './intake-words.ts';

export const unknown = '–';

export const signedPercent = (share: number): string => `${share > 0 ? '+' : ''}${percent(share)}`;

export const short = (value: number): string => String(Number(value.toPrecision(3)));
export const signedShort = (value: number): string => `${value > 0 ? '+' : ''}${short(value)}`;

export const intervalText = (interval: Interval | null, said: (value: number) => string): string =>
  interval === null
    ? unknown
    : `${said(interval.estimate)} (${said(interval.low)} to ${said(interval.high)})`;

export const perUser = (sum: number, users: number): string =>
  users === 0 ? unknown : short(sum / users);

export const shareText = (part: number, of: number): string =>
  of === 0 ? unknown : percent(part / of);

/** What is to be read first: what was found, and the way out where nothing will be. */
export const headline = (assessed: Assessed): string => {
  const { kind } = assessed.verdict;
  const { record, fault } = assessed;
  const isOpen = fault === null && record.decision === null && record.state !== 'draft';
  const isAsked = isOpen && (kind === 'undecided' || kind === 'too_early');
  const asked = isAsked && !isControlAlone(assessed) ? wayOut(assessed) : '';
  return `${whatIsSaid(assessed)}${asked}`;
};

/** The one sentence of what is known. */
export const whatIsSaid = (assessed: Assessed): string => {
  const { record, isCounted, fault, verdict } = assessed;
  if (fault !== null) return fault;
  if (record.decision !== null) {
    const { winner, sentence } = record.decision;
    return `Decided ${winner === null ? 'without a winner' : `for '${winner}'`}: ${oneLine(sentence)}`;
  }
  if (record.state === 'draft') return 'It has not been started: nobody takes part.';
  const ahead = aheadText(assessed);
  if (ahead !== null) return ahead;
  if (!isCounted)
    return 'Nothing has been counted: no answer of it was served yet, or the service `experiments` does not run.';
  return verdict.sentence;
};

/** A share that is beyond its limit is not broken before that is beyond doubt. */
export const guardrailWord = ({
  share,
  limit,
  isBroken: isBeyondDoubt,
}: Pick<GuardrailState, 'share' | 'limit' | 'isBroken'>): string => {
  if (share === null) return unknown;
  if (isBeyondDoubt) return 'broken';
  const isBeyond = 'min' in limit ? share < limit.min : share > limit.max;
  return isBeyond ? 'in doubt: too few answers to say' : 'kept';
};

/** Limits that are broken beyond doubt, one sentence each. */
export const brokenTexts = ({ variants }: Pick<Assessed, 'variants'>): readonly string[] =>
  variants.flatMap(({ variant, guardrails }) =>
    guardrails
      .filter(({ isBroken }) => isBroken)
      .map(({ of, share, limit }) => {
        const bound =
          'min' in limit ? `at least ${percent(limit.min)}` : `at most ${percent(limit.max)}`;
        return `'${variant}' breaks a guardrail: ${of} are ${percent(share ?? 0)}, and must be ${bound}.`;
      }),
  );

/** What is still missing for a decision, and what to do about it. */
export const missingTexts = (assessed: Assessed): readonly string[] => {
  const { record, verdict } = assessed;
  const { experiment } = record.definition;
  if (record.decision !== null) return [decided(assessed)];
  if (record.state === 'draft')
    return [
      `How long it will take: npx freshet experiment plan FILE, with its definition.`,
      `A start: npx freshet experiment start ${experiment}`,
    ];
  const isRunning = record.state === 'running';
  const end = isRunning ? `npx freshet experiment stop ${experiment} --why TEXT, then ` : '';
  const decide = (how: string): string =>
    `${end}npx freshet experiment decide ${experiment} ${how}`;
  if (verdict.kind !== 'not_to_be_believed' && isControlAlone(assessed))
    return [`Nothing. ${decide('--no-winner --why TEXT')}`];
  switch (verdict.kind) {
    case 'found':
      if (assessed.variants.some((one) => one.variant === verdict.winner && isBroken(one)))
        return [
          `'${verdict.winner ?? ''}' is better and breaks a guardrail: find out why before it serves everybody. ${decide('--no-winner --why TEXT')}`,
        ];
      return [`Nothing. ${decide(`--winner ${verdict.winner ?? ''} --why TEXT --promote`)}`];
    case 'nothing':
      return [`Nothing. ${decide('--no-winner --why TEXT')}`];
    case 'not_to_be_believed':
      return [
        `The reason. Until it is found, more users help nothing: ${end === '' ? 'decide' : 'stop it, decide'} without a winner, and start a new experiment once it is mended.`,
      ];
    case 'too_early':
      return [aheadText(assessed) ?? verdict.sentence, ...wayOutTexts(assessed, decide)];
    case 'undecided':
      return [...usersMissing(assessed), ...wayOutTexts(assessed, decide)];
  }
};

const isBroken = ({ guardrails }: AssessedVariant): boolean =>
  guardrails.some((one) => one.isBroken);

const isControlAlone = ({ variants }: Assessed): boolean =>
  variants.slice(1).every(({ stopped }) => stopped !== null);

const decided = ({ record: { decision } }: Assessed): string => {
  const winner = decision?.winner ?? null;
  if (winner === null) return 'Nothing: it was decided without a winner.';
  const promoted = decision?.promoted ?? null;
  return promoted === null
    ? `Nothing: it was decided for '${winner}', which was not promoted.`
    : `Nothing: it was decided for '${winner}', which was promoted in ${promoted}.`;
};

const usersMissing = ({ verdict: { missing }, record, intake }: Assessed): readonly string[] => {
  const effect = percent(record.definition.relativeEffect);
  if (missing === null)
    return nobodyComes(intake)
      ? []
      : ['It cannot be said yet: there are too few outcomes to plan by.'];
  if (missing.users === 0)
    return [
      `A difference of ${effect} should have shown by now; it may be smaller, or there may be none.`,
    ];
  const days =
    missing.days === null
      ? ''
      : `, or ${Math.max(1, Math.ceil(missing.days))} days as they come now`;
  return [
    `About ${whole(missing.users)} users more${days}, for a difference of ${effect} to show.`,
  ];
};

export const sampleRatioText = ({ verdict, figures }: Assessed): string => {
  if (figures.firstExposureMs === null) return 'Nobody was exposed yet.';
  const p = shareOf(verdict.srmP);
  return verdict.srmP <= 0.01
    ? `Users did not fall to the variants by their weights (p ${p}): a sample ratio mismatch.`
    : `Users fell to the variants as their weights ask (p ${p}; at 0.01 or below it would be wrong).`;
};

/** Of all users of those that run: what the weights ask. */
export const expectedUsers = (
  { variants }: Assessed,
  { weight, stopped }: AssessedVariant,
): number | null => {
  if (stopped !== null) return null;
  const live = variants.filter((one) => one.stopped === null);
  const users = live.reduce((sum, one) => sum + one.exposed, 0);
  const weights = live.reduce((sum, one) => sum + one.weight, 0);
  return weights === 0 ? null : (users * weight) / weights;
};
