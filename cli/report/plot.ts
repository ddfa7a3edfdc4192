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
  /** Of many points: intervals are one band, and only the last point has a mark. */
  readonly isCourse?: boolean;
  /** Colour and shape; left out: by the place among the series. */
  readonly colour?: number;
}

/** A line through the whole plot: a limit, or where nothing differs. */
export interface Level {
  readonly y: number;
  readonly label?: string;
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
  readonly levels?: readonly Level[];
}

const width = 460;
const height = 290;
/** The part that data is drawn in. */
export const area = { left: 76, right: width - 14, top: 12, bottom: height - 56 };
export const xPixels = { from: area.left + 12, to: area.right - 12 };
export const yPixels = { from: area.bottom, to: area.top };

/** A picture that needs nothing from outside and no script. */
export const plot = (given: Plot): Markup => {
  const { id, title, description } = given;
  return html`<svg class="plot" role="img" aria-labelledby="${id}-title ${id}-words" viewBox="0 0 ${width} ${height}">
<title id="${id}-title">${title}</title><desc id="${id}-words">${description}</desc>
${yAxis(given.y)}${xAxis(given.x)}
${given.series.map((one, index) => drawn(given, one, one.colour ?? index))}${(given.levels ?? []).map((one) => level(given.y.scale, one))}
</svg>`;
};

const at = (value: number): number => Math.round(value * 10) / 10;

const yAxis = ({ scale, label, tick }: Axis): Markup =>
  html`${scale.ticks.map((value) => {
    const y = at(scale.at(value));
    return html`<path class="${value === 0 ? 'axis' : 'grid'}" d="M${area.left} ${y}H${area.right}" /><text class="tick" x="${area.left - 6}" y="${y + 4}" text-anchor="end">${tick(value)}</text>`;
  })}<text class="label" transform="translate(11 ${(area.top + area.bottom) / 2}) rotate(-90)" text-anchor="middle">${label}</text>`;

const xAxis = ({ scale, label, tick, tickNote }: Axis): Markup =>
  html`${scale.ticks.map((value) => {
    const x = at(scale.at(value));
    const note =
      tickNote === undefined
        ? ''
        : html`<text class="note" x="${x}" y="${area.bottom + 31}" text-anchor="middle">${tickNote(value)}</text>`;
    return html`<path class="axis" d="M${x} ${area.bottom}v5" /><text class="tick" x="${x}" y="${area.bottom + 18}" text-anchor="middle">${tick(value)}</text>${note}`;
  })}<text class="label" x="${(area.left + area.right) / 2}" y="${height - 6}" text-anchor="middle">${label}</text>`;

const level = (scale: Scale, { y, label }: Level): Markup =>
  html`<path class="level" d="M${area.left} ${at(scale.at(y))}H${area.right}" />${label === undefined ? '' : html`<text class="note over" x="${area.left + 6}" y="${at(scale.at(y)) - 4}">${label}</text>`}`;

interface Placed {
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
  readonly point: PlotPoint;
}

const placedIn = ({ x, y }: Plot, point: PlotPoint): Placed | null => {
  if (point.y === null) return null;
  const [low, high] = point.interval ?? [point.y, point.y];
  const heights = [point.y, low, high].map((value) => at(y.scale.at(value)));
  const [middle = 0, lower = 0, upper = 0] = heights;
  return { x: at(x.scale.at(point.x)), y: middle, low: lower, high: upper, point };
};

const drawn = (given: Plot, series: PlotSeries, colour: number): Markup => {
  const placed = series.points.map((point) => placedIn(given, point));
  const line = placed.reduce(
    (path, point, index) =>
      point === null ? path : `${path}${placed[index - 1] ? 'L' : 'M'}${point.x} ${point.y}`,
    '',
  );
  const isCourse = series.isCourse === true;
  const known = placed.filter((point) => point !== null);
  const path =
    given.hasLines && line !== '' ? html`<path class="${lineClass(colour)}" d="${line}" />` : '';
  return html`${isCourse ? bands(placed, colour) : ''}${path}${(
    isCourse ? known.slice(-1) : known
  ).map((one) => html`${isCourse ? '' : bar(one, colour)}${mark(colour, one, one.point)}`)}`;
};

const bar = ({ x, low, high, point }: Placed, colour: number): Markup =>
  point.interval === null
    ? html``
    : html`<path class="bar ${colourClass(colour)}" d="M${x} ${low}V${high}" />`;

/** One for each stretch without a gap. */
const bands = (placed: readonly (Placed | null)[], colour: number): Markup => {
  const stretches: Placed[][] = [[]];
  for (const point of placed) {
    if (point === null || point.point.interval === null) stretches.push([]);
    else stretches.at(-1)?.push(point);
  }
  return html`${stretches
    .filter((stretch) => stretch.length > 1)
    .map((stretch) => {
      const there = stretch.map(({ x, high }) => `${x} ${high}`);
      const back = stretch.toReversed().map(({ x, low }) => `${x} ${low}`);
      return html`<path class="stretch ${colourClass(colour)}" d="M${[...there, ...back].join('L')}Z" />`;
    })}`;
};
