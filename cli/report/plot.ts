import { html, type Markup } from './markup.ts';
import type { Scale } from './scales.ts';
import { colourClass, lineClass, mark } from './series.ts';

export interface PlotPoint {
  readonly x: number;
  /** Null: nothing was measured, so that the line has a gap. */
  readonly y: number | null;
  /** Drawn as a bar through the point. */
  readonly interval: readonly [low: number, high: number] | null;
  /** What the point says in words. */
  readonly title: string;
  /** Measured on so little that it may be luck. */
  readonly isHollow: boolean;
}

export interface PlotSeries {
  readonly name: string;
  readonly points: readonly PlotPoint[];
}

export interface Axis {
  readonly scale: Scale;
  /** With the unit. */
  readonly label: string;
  readonly tick: (value: number) => string;
  /** A second line under the tick. */
  readonly tickNote?: (value: number) => string;
}

export interface Plot {
  /** Unique in the page. */
  readonly id: string;
  readonly title: string;
  /** What is to be seen, for people who do not see it. */
  readonly description: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly PlotSeries[];
  readonly hasLines: boolean;
}

const width = 460;
const height = 290;
/** The part that data is drawn in. */
export const area = { left: 52, right: width - 14, top: 12, bottom: height - 56 };
export const xPixels = { from: area.left + 12, to: area.right - 12 };
export const yPixels = { from: area.bottom, to: area.top };

/** A picture that needs nothing from outside and no script. */
export const plot = (given: Plot): Markup => {
  const { id, title, description } = given;
  return html`<svg class="plot" role="img" aria-labelledby="${id}-title ${id}-words" viewBox="0 0 ${width} ${height}">
<title id="${id}-title">${title}</title><desc id="${id}-words">${description}</desc>
${yAxis(given.y)}${xAxis(given.x)}
${given.series.map((one, index) => drawn(given, one, index))}
</svg>`;
};

const at = (value: number): number => Math.round(value * 10) / 10;

const yAxis = ({ scale, label, tick }: Axis): Markup =>
  html`${scale.ticks.map((value) => {
    const y = at(scale.at(value));
    return html`<path class="${value === 0 ? 'axis' : 'grid'}" d="M${area.left} ${y}H${area.right}" /><text class="tick" x="${area.left - 6}" y="${y + 4}" text-anchor="end">${tick(value)}</text>`;
  })}<text class="label" transform="translate(13 ${(area.top + area.bottom) / 2}) rotate(-90)" text-anchor="middle">${label}</text>`;

const xAxis = ({ scale, label, tick, tickNote }: Axis): Markup =>
  html`${scale.ticks.map((value) => {
    const x = at(scale.at(value));
    const note =
      tickNote === undefined
        ? ''
        : html`<text class="note" x="${x}" y="${area.bottom + 31}" text-anchor="middle">${tickNote(value)}</text>`;
    return html`<path class="axis" d="M${x} ${area.bottom}v5" /><text class="tick" x="${x}" y="${area.bottom + 18}" text-anchor="middle">${tick(value)}</text>${note}`;
  })}<text class="label" x="${(area.left + area.right) / 2}" y="${height - 6}" text-anchor="middle">${label}</text>`;

const drawn = ({ x, y, hasLines }: Plot, { points }: PlotSeries, series: number): Markup => {
  const placed = points.flatMap((point) =>
    point.y === null
      ? [null]
      : [{ ...point, x: at(x.scale.at(point.x)), y: at(y.scale.at(point.y)) }],
  );
  const line = placed.reduce(
    (path, point, index) =>
      point === null ? path : `${path}${placed[index - 1] ? 'L' : 'M'}${point.x} ${point.y}`,
    '',
  );
  return html`${hasLines && line !== '' ? html`<path class="${lineClass(series)}" d="${line}" />` : ''}${placed.map(
    (point) => {
      if (point === null) return '';
      const { interval } = point;
      const bar =
        interval === null
          ? ''
          : html`<path class="bar ${colourClass(series)}" d="M${point.x} ${at(y.scale.at(interval[0]))}V${at(y.scale.at(interval[1]))}" />`;
      return html`${bar}${mark(series, point, point)}`;
    },
  )}`;
};
