import {
  type Comparison,
  compare,
  type Interval,
} from '../../../experiments/statistics/comparison.ts';
import { tuningOf } from '../../../experiments/statistics/planning.ts';
import type { Figure } from '../../report/figure.ts';
import { html, type Markup } from '../../report/markup.ts';
import { type Axis, plot, type PlotPoint, xPixels, yPixels } from '../../report/plot.ts';
import { fromZero, moments, spanning } from '../../report/scales.ts';
import { hourOfDay, minute, monthAndDay, whole } from '../../report/words.ts';
import type { Assessed } from '../assessed.ts';
import { intervalText, signedPercent, signedShort, unknown } from '../words.ts';

const rowsMax = 12;
const dayMs = 86_400_000;

/** Of each variant but the control, what was known of it by when. */
export const intervalFigures = (assessed: Assessed): readonly Figure[] => {
  const { figures, record, variants } = assessed;
  const { definition } = record;
  const options = { alpha: definition.alpha, tuning: tuningOf(definition) };
  const course = figures.course.map(({ untilMs, variants: then }) => ({
    untilMs,
    comparisons: compare(
      then.map(({ outcome }) => outcome),
      options,
    ),
  }));
  const known = course.filter(({ comparisons }) =>
    comparisons.some((one) => one.absolute !== null),
  );
  if (known.length < 2) return [];
  return variants.slice(1).map(({ variant }, at) =>
    intervalFigure(assessed, {
      variant,
      at,
      points: course.map(({ untilMs, comparisons }) => ({ untilMs, of: comparisons[at] ?? null })),
    }),
  );
};

interface Course {
  readonly variant: string;
  /** Among those compared with the control. */
  readonly at: number;
  readonly points: readonly { readonly untilMs: number; readonly of: Comparison | null }[];
}

const intervalFigure = (assessed: Assessed, { variant, at, points }: Course): Figure => {
  const { relativeEffect } = assessed.record.definition;
  const isRelative = points.findLast(({ of }) => of?.absolute != null)?.of?.relative != null;
  const said = isRelative ? signedPercent : signedShort;
  const intervals = points.map(({ untilMs, of }) => ({
    untilMs,
    interval: (isRelative ? of?.relative : of?.absolute) ?? null,
  }));
  const limits = limitsOf(intervals, isRelative ? relativeEffect : 0);
  const within = (value: number): number => Math.min(limits.to, Math.max(limits.from, value));
  const known = intervals.filter(({ interval }) => interval !== null);
  const title = `'${variant}' beside the control`;
  const last = known.at(-1)?.interval ?? null;
  const effects = isRelative ? [relativeEffect, -relativeEffect] : [];
  const picture = plot({
    id: `interval-${at}`,
    title,
    description:
      last === null
        ? 'Nothing is known of the difference yet.'
        : `The difference and its interval by time of first exposure; in the end ${intervalText(last, said)}.`,
    x: timeAxis(assessed),
    y: {
      scale: spanning(limits, yPixels),
      label: isRelative ? 'difference, of the control' : 'difference per user',
      tick: said,
    },
    series: [
      {
        name: variant,
        isCourse: true,
        colour: at + 1,
        points: intervals.map(({ untilMs, interval }) => ({
          x: untilMs,
          y: interval === null ? null : within(interval.estimate),
          interval: interval === null ? null : [within(interval.low), within(interval.high)],
          title: `${variant} by ${minute(untilMs)}: ${intervalText(interval, said)}`,
          isHollow: false,
        })),
      },
    ],
    hasLines: true,
    levels: [{ y: 0, label: 'control' }, ...effects.map((y) => ({ y }))].filter(
      ({ y }) => y >= limits.from && y <= limits.to,
    ),
  });
  return { title, picture, table: intervalTable(intervals, said) };
};

type Known = readonly { readonly untilMs: number; readonly interval: Interval | null }[];

/** Early intervals are many times as wide as the last one and would leave nothing to be seen of it. */
const limitsOf = (intervals: Known, effect: number): { from: number; to: number } => {
  const known = intervals.flatMap(({ interval }) => interval ?? []);
  const last = known.at(-1);
  if (last === undefined) return { from: -(effect || 1), to: effect || 1 };
  const most = 3 * Math.max(Math.abs(last.low), Math.abs(last.high), effect);
  return {
    from: Math.max(-most, Math.min(-1.2 * effect, ...known.map(({ low }) => low))),
    to: Math.min(most, Math.max(1.2 * effect, ...known.map(({ high }) => high))),
  };
};

const intervalTable = (intervals: Known, said: (value: number) => string): Markup =>
  html`<table><thead><tr><th scope="col">first exposures until</th><th scope="col">difference</th></tr></thead><tbody>${thinned(
    intervals,
  ).map(
    ({ untilMs, interval }) =>
      html`<tr><th scope="row">${minute(untilMs)}</th><td>${intervalText(interval, said)}</td></tr>`,
  )}</tbody></table>`;

/** Evenly, with the last. */
const thinned = <T>(all: readonly T[]): readonly T[] =>
  all.length <= rowsMax
    ? all
    : Array.from(
        { length: rowsMax },
        (_, n) => all[Math.round(((n + 1) * all.length) / rowsMax) - 1],
      ).filter((one) => one !== undefined);

/** How many users had been exposed by when. */
export const usersFigure = (assessed: Assessed): Figure | null => {
  const { figures, variants } = assessed;
  const { course } = figures;
  if (course.length < 2) return null;
  const title = 'Users at their first exposure';
  const usersOf = (then: (typeof course)[number], at: number): number =>
    then.variants[at]?.exposed ?? 0;
  const most = Math.max(...course.flatMap((then) => then.variants.map(({ exposed }) => exposed)));
  const picture = plot({
    id: 'users',
    title,
    description: `Added up over time: ${variants.map(({ variant, exposed }) => `${variant} ${exposed}`).join(', ')}.`,
    x: timeAxis(assessed),
    y: { scale: fromZero(most, yPixels), label: 'users', tick: whole },
    series: variants.map(({ variant }, at) => ({
      name: variant,
      isCourse: true,
      points: course.map((then): PlotPoint => {
        const y = usersOf(then, at);
        const words = `${variant}: ${whole(y)} users by ${minute(then.untilMs)}`;
        return { x: then.untilMs, y, interval: null, title: words, isHollow: false };
      }),
    })),
    hasLines: true,
  });
  const table = html`<table><thead><tr><th scope="col">until</th>${variants.map(({ variant }) => html`<th scope="col">${variant}</th>`)}</tr></thead><tbody>${thinned(
    course,
  ).map(
    (then) =>
      html`<tr><th scope="row">${minute(then.untilMs)}</th>${variants.map((_, at) => html`<td>${whole(usersOf(then, at))}</td>`)}</tr>`,
  )}</tbody></table>`;
  return { title, picture, table };
};

const timeAxis = ({ figures: { course } }: Assessed): Axis => {
  const from = course[0]?.untilMs ?? 0;
  const to = course.at(-1)?.untilMs ?? 0;
  const isShort = to - from < 5 * dayMs;
  return {
    scale: moments({ from, to }, xPixels, 4),
    label: 'first exposures until (UTC)',
    tick: (value) => (Number.isFinite(value) ? monthAndDay(value) : unknown),
    ...(isShort ? { tickNote: hourOfDay } : {}),
  };
};
