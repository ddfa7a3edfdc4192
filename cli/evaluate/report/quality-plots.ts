import type { Figure } from '../../report/figure.ts';
import { html, type Markup } from '../../report/markup.ts';
import { plot, type PlotPoint, type PlotSeries, xPixels, yPixels } from '../../report/plot.ts';
import { fromZero, moments, type Scale } from '../../report/scales.ts';
import { day, hourOfDay, minute, monthAndDay, rate, whole } from '../../report/words.ts';
import type { Evaluated, EvaluationResult, Quality, QualityAt } from '../result.ts';

/** Of fewer tests a rate is mostly luck: its mark is hollow. */
const testsMin = 30;
const dayMs = 86_400_000;

/** A rate that is plotted: all at the first k. */
export interface PlottedRate {
  readonly id: 'hr' | 'mrr';
  readonly name: string;
  /** The axis: the name and what it counts. */
  readonly axis: string;
}

export const plottedRates = (k: number): readonly PlottedRate[] => [
  { id: 'hr', name: `HR@${k}`, axis: `HR@${k} (share of tests)` },
  { id: 'mrr', name: `MRR@${k}`, axis: `MRR@${k} (mean 1 / rank)` },
];

const valueOf = (quality: Quality, { id }: PlottedRate): number | null => {
  const at: QualityAt | undefined = quality.at[0];
  return at?.[id] ?? null;
};

export const rateScale = (values: readonly (number | null)[]): Scale =>
  fromZero(Math.max(0, ...values.filter((value) => value !== null)), yPixels);

const tickOf = (value: number): string => String(value);

interface Part {
  readonly x: number;
  readonly name: string;
  readonly quality: Quality;
}

/** One line per model over parts that all models share. */
const seriesOver = (
  evaluated: readonly Evaluated[],
  one: PlottedRate,
  partsOf: (of: Evaluated) => readonly Part[],
): readonly PlotSeries[] =>
  evaluated.map((of) => ({
    name: of.name,
    points: partsOf(of).map(({ x, name, quality }): PlotPoint => {
      const y = valueOf(quality, one);
      const isHollow = quality.tests < testsMin;
      const title = `${of.name}, ${name}: ${one.name} ${rate(y)} in ${whole(quality.tests)} tests`;
      return { x, y, interval: null, title, isHollow };
    }),
  }));

const values = (series: readonly PlotSeries[]): (number | null)[] =>
  series.flatMap(({ points }) => points.map(({ y }) => y));

/** Lowest and highest of each line, in words. */
const spoken = (series: readonly PlotSeries[]): string =>
  series
    .map(({ name, points }) => {
      const known = points.flatMap(({ y }) => (y === null ? [] : [y]));
      if (known.length === 0) return `${name}: nothing to measure`;
      return `${name}: from ${rate(Math.min(...known))} to ${rate(Math.max(...known))}`;
    })
    .join('; ');

const partsTable = (
  head: string,
  { evaluated }: EvaluationResult,
  { one, partsOf }: { one: PlottedRate; partsOf: (of: Evaluated) => readonly Part[] },
): Markup => {
  const [first] = evaluated;
  const rows = (first === undefined ? [] : partsOf(first)).map(
    ({ name, quality }, row) =>
      html`<tr><th scope="row">${name}</th><td>${whole(quality.tests)}</td>${evaluated.map(
        (of) => html`<td>${rate(valueOf((partsOf(of)[row] as Part).quality, one))}</td>`,
      )}</tr>`,
  );
  return html`<table><thead><tr><th scope="col">${head}</th><th scope="col">tests</th>${evaluated.map(
    ({ name }) => html`<th scope="col">${name}</th>`,
  )}</tr></thead><tbody>${rows}</tbody></table>`;
};

export const overTime = (result: EvaluationResult, one: PlottedRate): Figure => {
  const { evaluated, protocol, data } = result;
  const span = { from: protocol.test_from_ms, to: data.last_ms };
  const isShort = span.to - span.from < 5 * dayMs;
  const partsOf = ({ over_time: parts }: Evaluated): Part[] =>
    parts.map(({ from_ms: from, to_ms: to, quality }) => {
      const name = `${minute(from)} to ${minute(to)}`;
      return { x: (from + to) / 2, name, quality };
    });
  const series = seriesOver(evaluated, one, partsOf);
  const id = `time-${one.id}`;
  const title = `${one.name} over time`;
  const x = {
    scale: moments(span, xPixels, 4),
    label: `time (UTC), from ${day(span.from)} to ${day(span.to)}`,
    tick: isShort ? hourOfDay : monthAndDay,
    ...(isShort ? { tickNote: monthAndDay } : {}),
  };
  const y = { scale: rateScale(values(series)), label: one.axis, tick: tickOf };
  const description = `${one.name} in tenths of the tested time. ${spoken(series)}.`;
  return {
    title,
    picture: plot({ id, title, description, x, y, series, hasLines: true }),
    table: partsTable('part of the time', result, { one, partsOf }),
  };
};

const bounds = (from: number, to: number | null): string => {
  if (to === null) return `${from}+`;
  return from === to ? String(from) : `${from}–${to}`;
};

export const byHistory = (result: EvaluationResult, one: PlottedRate): Figure => {
  const { evaluated } = result;
  const partsOf = ({ by_history: parts }: Evaluated): Part[] =>
    parts.map(({ from, to, quality }, x) => ({ x, name: bounds(from, to), quality }));
  const shared = evaluated[0] === undefined ? [] : partsOf(evaluated[0]);
  const series = seriesOver(evaluated, one, (of) =>
    partsOf(of).map((part) => ({ ...part, name: `${part.name} events before` })),
  );
  const id = `history-${one.id}`;
  const title = `${one.name} by history`;
  const last = Math.max(1, shared.length - 1);
  const x = {
    scale: moments({ from: 0, to: last }, { from: xPixels.from + 8, to: xPixels.to - 8 }, last + 1),
    label: 'events of the user before the test (tests under it)',
    tick: (value: number) => shared[value]?.name ?? '',
    tickNote: (value: number) => whole(shared[value]?.quality.tests ?? 0),
  };
  const y = { scale: rateScale(values(series)), label: one.axis, tick: tickOf };
  const description = `${one.name} by how many events the user had before. ${spoken(series)}.`;
  return {
    title,
    picture: plot({ id, title, description, x, y, series, hasLines: true }),
    table: partsTable('events before', result, { one, partsOf }),
  };
};
