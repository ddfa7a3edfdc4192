import type { ExperimentDefinition } from '../../experiments/definition.ts';
import { boundsOf, nobodyComes } from '../../experiments/intake.ts';
import { hours } from '../../experiments/statistics/words.ts';
import { minute, whole } from '../report/words.ts';
import type { Assessed } from './assessed.ts';

/** Null: it takes users for as long as it runs. */
export const boundsText = (definition: ExperimentDefinition): string | null => {
  const { startsAtMs, endsAtMs } = boundsOf(definition);
  const bounds = [
    ...(startsAtMs === null ? [] : [`from ${minute(startsAtMs)}`]),
    ...(endsAtMs === null ? [] : [`until ${minute(endsAtMs)}`]),
  ];
  return bounds.length === 0 ? null : bounds.join(' ');
};

export const stateText = ({ record, intake }: Pick<Assessed, 'record' | 'intake'>): string => {
  const { state, startedAtMs, stoppedAtMs } = record;
  const started = startedAtMs === null ? '' : `, started ${minute(startedAtMs)}`;
  const stopped = stoppedAtMs === null ? '' : `, stopped ${minute(stoppedAtMs)}`;
  const ahead = intake.kind === 'ahead' ? `, begins ${minute(intake.atMs)}` : '';
  const ended = intake.kind === 'ended' ? `, ended ${minute(intake.atMs)}` : '';
  return `${state}${started}${ahead}${ended}${stopped}`;
};

/** Null: it began, or was not to wait. */
export const aheadText = ({ intake, figures }: Assessed): string | null =>
  intake.kind === 'ahead' && figures.firstExposureMs === null
    ? `It begins at ${minute(intake.atMs)}: nobody takes part before.`
    : null;

/** What is to be done where nothing was found and nobody comes who could change that. */
export const wayOut = (assessed: Assessed): string => {
  const { intake } = assessed;
  if (!nobodyComes(intake)) return '';
  const out =
    intake.kind === 'ended'
      ? ` It ended at ${minute(intake.atMs)}: stop it, then decide it with --winner or --no-winner.`
      : ' It is stopped: decide it with --winner or --no-winner.';
  return `${out}${stillCounting(assessed)
    .map((text) => ` ${text}`)
    .join('')}`;
};

/** The same, with what is to be typed. */
export const wayOutTexts = (
  assessed: Assessed,
  decide: (how: string) => string,
): readonly string[] => {
  const { intake, record } = assessed;
  if (!nobodyComes(intake)) return [];
  const why =
    intake.kind === 'ended'
      ? `It ended at ${minute(intake.atMs)}: nobody else takes part, and '${record.definition.context}' cannot change until it is stopped.`
      : 'It is stopped: nobody else takes part, and those who did are counted.';
  return [
    why,
    ...stillCounting(assessed),
    `${decide('--no-winner --why TEXT')} (or --winner NAME --force)`,
  ];
};

/** Users are entered by the stretch of the course that they came in: its end is what is said. */
const stillCounting = ({ variants, figures, record, nowMs }: Assessed): readonly string[] => {
  const { withinHours } = record.definition.outcome;
  const untilMs = (figures.course.at(-1)?.untilMs ?? 0) + withinHours * 3_600_000;
  const waiting = variants
    .filter(({ stopped }) => stopped === null)
    .reduce((sum, { exposed, outcome }) => sum + Math.max(0, exposed - outcome.n), 0);
  if (waiting === 0 || untilMs <= nowMs) return [];
  return [
    `The ${hours(withinHours)} of ${whole(waiting)} users are not over: they count until about ${minute(untilMs)}, so decide after that.`,
  ];
};
