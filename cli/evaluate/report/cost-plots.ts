import type { Figure } from '../../report/figure.ts';
import { html } from '../../report/markup.ts';
import { plot, type PlotSeries, xPixels } from '../../report/plot.ts';
import { logarithmic } from '../../report/scales.ts';
import { between, micros, rate } from '../../report/words.ts';
import type { Evaluated, EvaluationResult } from '../result.ts';
import { type PlottedRate, rateScale } from './quality-plots.ts';

/** A cost that quality is set against. */
export interface PlottedCost {
  readonly id: 'prediction' | 'event';
  /** After 'against'. */
  readonly name: string;
  readonly axis: string;
  /** Null: nothing was measured. */
  readonly of: (evaluated: Evaluated) => number | null;
}

export const plottedCosts: readonly PlottedCost[] = [
  {
    id: 'prediction',
    name: 'time per list',
    axis: 'time to make one list (one core, logarithmic)',
    of: ({ cost }) => cost.us_per_prediction,
  },
  {
    id: 'event',
    name: 'time per event',
    axis: 'time to learn one event (one core, logarithmic)',
    of: ({ cost }) => cost.us_per_learned_event,
  },
];

/** Cheap and good is up and to the left. */
export const againstCost = (
  { evaluated }: EvaluationResult,
  one: PlottedRate,
  cost: PlottedCost,
): Figure => {
  const qualityOf = ({ quality }: Evaluated): number | null => quality.at[0]?.[one.id] ?? null;
  const said = (of: Evaluated): string =>
    `${of.name}: ${one.name} ${rate(qualityOf(of))} at ${micros(cost.of(of))}`;
  const series = evaluated.map((of): PlotSeries => {
    const interval = of.intervals?.[one.id] ?? null;
    const x = cost.of(of);
    // A logarithmic axis has no place for nothing, and the leftmost one would look like the best.
    if (x === null || x <= 0) return { name: of.name, points: [] };
    const point = { x, y: qualityOf(of), interval, title: said(of), isHollow: false };
    return { name: of.name, points: [point] };
  });
  const title = `${one.name} against ${cost.name}`;
  const highest = evaluated.flatMap((of) => [qualityOf(of), of.intervals?.[one.id][1] ?? null]);
  const measured = evaluated.map(cost.of).filter((us) => us !== null);
  const rows = evaluated.map((of) => {
    const interval = of.intervals?.[one.id];
    return html`<tr><th scope="row">${of.name}</th><td>${micros(cost.of(of))}</td><td>${rate(qualityOf(of))}</td><td>${interval === undefined ? 'n/a' : between(interval)}</td></tr>`;
  });
  return {
    title,
    picture: plot({
      id: `cost-${one.id}-${cost.id}`,
      title,
      description: `${evaluated.map(said).join('; ')}.`,
      x: { scale: logarithmic(measured, xPixels), label: cost.axis, tick: micros },
      y: { scale: rateScale(highest), label: one.axis, tick: String },
      series,
      hasLines: false,
    }),
    table: html`<table><thead><tr><th scope="col"></th><th scope="col">${cost.name}</th><th scope="col">${one.name}</th><th scope="col">95% interval</th></tr></thead><tbody>${rows}</tbody></table>`,
  };
};
