import { html, type Markup } from './markup.ts';

/** Colours and shapes that a plot tells its series apart by; past these, lines are dashed. */
export const coloursMax = 8;

const shapes: readonly ((x: number, y: number) => Markup)[] = [
  (x, y) => html`<circle cx="${x}" cy="${y}" r="4" />`,
  (x, y) => html`<rect x="${x - 3.6}" y="${y - 3.6}" width="7.2" height="7.2" />`,
  (x, y) => html`<path d="M${x} ${y - 5}L${x + 4.6} ${y + 3.4}H${x - 4.6}Z" />`,
  (x, y) => html`<path d="M${x} ${y - 5.2}L${x + 5.2} ${y}L${x} ${y + 5.2}L${x - 5.2} ${y}Z" />`,
  (x, y) => html`<path d="M${x} ${y + 5}L${x + 4.6} ${y - 3.4}H${x - 4.6}Z" />`,
];

export const colourClass = (series: number): string => `s${series % coloursMax}`;
const isDashed = (series: number): boolean => Math.floor(series / coloursMax) % 2 === 1;
export const lineClass = (series: number): string =>
  `line ${colourClass(series)}${isDashed(series) ? ' dashed' : ''}`;

const round = (value: number): number => Math.round(value * 100) / 100;

/** A point, with words that show when the pointer rests on it. */
export const mark = (
  series: number,
  { x, y }: { readonly x: number; readonly y: number },
  { title, isHollow }: { readonly title: string; readonly isHollow: boolean },
): Markup => {
  const shape = shapes[series % shapes.length] as (typeof shapes)[number];
  return html`<g class="mark ${colourClass(series)}${isHollow ? ' hollow' : ''}"><title>${title}</title>${shape(round(x), round(y))}</g>`;
};

/** Which mark is whose. */
export const legend = (names: readonly string[]): Markup =>
  html`<ul class="legend">${names.map(
    (name, series) =>
      html`<li><svg width="30" height="14" viewBox="0 0 30 14" aria-hidden="true"><path class="${lineClass(series)}" d="M1 7H29" />${mark(series, { x: 15, y: 7 }, { title: name, isHollow: false })}</svg> <span>${name}</span></li>`,
  )}</ul>`;
