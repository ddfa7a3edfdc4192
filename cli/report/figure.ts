import { html, type Markup } from './markup.ts';

/** A plot, and the same in figures. */
export interface Figure {
  readonly title: string;
  readonly picture: Markup;
  readonly table: Markup;
}

export const figure = ({ title, picture, table }: Figure): Markup => html`<figure>
<figcaption>${title}</figcaption>
${picture}
<details><summary>in figures</summary><div class="wide">${table}</div></details>
</figure>`;
