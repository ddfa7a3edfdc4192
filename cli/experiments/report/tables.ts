import type { Interval } from '../../../experiments/statistics/comparison.ts';
import { meanOf, varianceOf } from '../../../experiments/statistics/sums.ts';
import { percent, shareOf } from '../../../experiments/statistics/words.ts';
import { html, type Inserted, type Markup } from '../../report/markup.ts';
import { whole } from '../../report/words.ts';
import type { Assessed, AssessedVariant } from '../assessed.ts';
import {
  expectedUsers,
  perUser,
  shareText,
  short,
  signedPercent,
  signedShort,
  unknown,
  guardrailWord,
} from '../words.ts';

/** In a box that scrolls by itself where it is too wide. */
export const wide = (label: string, inside: Markup): Markup =>
  html`<div class="wide" tabindex="0" role="region" aria-label="${label}">${inside}</div>`;

const table = (
  heads: readonly Inserted[],
  rows: readonly (readonly [head: Inserted, ...cells: Inserted[]])[],
): Markup =>
  html`<table><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${rows.map(
    ([head, ...cells]) =>
      html`<tr><th scope="row">${head}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  )}</tbody></table>`;

const named = ({ variant, stopped }: AssessedVariant, at: number): Markup =>
  html`${variant}${at === 0 ? html`<small>control</small>` : ''}${stopped === null ? '' : html`<small>stopped</small>`}`;

export const exposuresTable = (assessed: Assessed): Markup => {
  const { variants, holdout } = assessed;
  const all = variants.reduce((sum, { exposed }) => sum + exposed, 0);
  const rows = variants.map((one, at) => {
    const expected = expectedUsers(assessed, one);
    return [
      named(one, at),
      percent(one.weight),
      whole(one.exposed),
      expected === null ? unknown : whole(expected),
      shareText(one.exposed, all),
      whole(one.outcome.n),
      whole(one.answers.answers),
    ] as const;
  });
  const held =
    holdout === null
      ? []
      : [
          [
            html`holdout<small>takes part in nothing</small>`,
            unknown,
            whole(holdout.exposed),
            unknown,
            unknown,
            whole(holdout.outcome.n),
            whole(holdout.answers.answers),
          ] as const,
        ];
  const heads = ['variant', 'weight', 'users', 'expected', 'share', 'time over', 'answers'];
  return wide('Exposures', table(heads, [...rows, ...held]));
};

const intervalCell = (interval: Interval | null, said: (value: number) => string): Markup =>
  interval === null
    ? html`${unknown}`
    : html`${said(interval.estimate)}<small>${said(interval.low)} to ${said(interval.high)}</small>`;

export const differencesTable = ({ verdict, variants }: Assessed): Markup =>
  wide(
    'Differences',
    table(
      ['variant', 'of the control', 'per user', 'p', 'difference'],
      verdict.comparisons.map((one, at) => [
        named(variants[at + 1] ?? (variants[0] as AssessedVariant), at + 1),
        intervalCell(one.relative, signedPercent),
        intervalCell(one.absolute, signedShort),
        one.absolute === null ? unknown : shareOf(one.p),
        one.absolute === null ? 'not known yet' : one.isFound ? 'found' : 'none found',
      ]),
    ),
  );

export const guardrailsTable = ({ variants }: Assessed): Markup | null => {
  const rows = variants.flatMap((variant, at) =>
    variant.guardrails.map((guardrail) => {
      const { of, limit, share, p, isBroken } = guardrail;
      const word = guardrailWord(guardrail);
      return [
        html`${variant.variant}${at === 0 ? ' (control)' : ''}<small>${of}</small>`,
        isBroken ? html`<span class="alarm">${word}</span>` : word,
        share === null ? unknown : percent(share),
        'min' in limit ? `at least ${percent(limit.min)}` : `at most ${percent(limit.max)}`,
        shareOf(p),
      ] as const;
    }),
  );
  if (rows.length === 0) return null;
  return wide('Guardrails', table(['variant', 'state', 'share', 'limit', 'p'], rows));
};

export const rulesTable = ({ variants }: Assessed): Markup | null => {
  const rules = [...new Set(variants.flatMap(({ removed }) => Object.keys(removed)))].toSorted();
  const answers = (of: (one: AssessedVariant) => number): Markup[] =>
    variants.map((one) => html`${shareText(of(one), one.answers.answers)}`);
  const rows: (readonly [Inserted, ...Inserted[]])[] = rules.map((rule) => [
    html`${rule}<small>candidates removed per answer</small>`,
    ...variants.map(({ removed, answers: { answers: all } }) => perUser(removed[rule] ?? 0, all)),
  ]);
  if (variants.every((one) => one.answers.answers === 0)) return null;
  return wide(
    'What rules did',
    table(
      ['', ...variants.map(({ variant }) => variant)],
      [
        ...rows,
        ['answers with as many items as demanded', ...answers((one) => one.answers.enough)],
        ['answers that rules left empty', ...answers((one) => one.answers.emptied)],
        ['answers that the model itself gave', ...answers((one) => one.answers.predicted)],
      ],
    ),
  );
};

export const outcomeTable = (assessed: Assessed): Markup => {
  const { variants, record } = assessed;
  const { outcome } = record.definition;
  const kinds = [...new Set(variants.flatMap((one) => Object.keys(one.kinds)))].toSorted();
  const row = (
    head: Inserted,
    said: (one: AssessedVariant) => Inserted,
  ): readonly [Inserted, ...Inserted[]] => [head, ...variants.map(said)];
  const users = ({ outcome: { n } }: AssessedVariant): number => n;
  const rows = [
    row('users whose time is over', (one) => whole(users(one))),
    row(
      html`the outcome per user<small>${outcome.measure} of ${outcome.kinds.join(', ')}</small>`,
      (one) => (users(one) === 0 ? unknown : short(meanOf(one.outcome))),
    ),
    row('standard deviation', (one) => short(Math.sqrt(varianceOf(one.outcome)))),
    ...kinds.flatMap((kind) => [
      row(html`${kind}: users with any<small>hit rate</small>`, (one) =>
        shareText(one.kinds[kind]?.users ?? 0, users(one)),
      ),
      row(`${kind}: per user`, (one) => perUser(one.kinds[kind]?.count ?? 0, users(one))),
      ...(variants.some((one) => (one.kinds[kind]?.value ?? 0) !== 0)
        ? [
            row(`${kind}: value per user`, (one) =>
              perUser(one.kinds[kind]?.value ?? 0, users(one)),
            ),
          ]
        : []),
    ]),
    row(html`different items shown<small>coverage, about</small>`, ({ itemsShown }) =>
      itemsShown === null ? unknown : whole(itemsShown),
    ),
  ];
  return wide('Outcome', table(['', ...variants.map(named)], rows));
};
