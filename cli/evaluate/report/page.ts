import { documentHtml } from '../../report/document.ts';
import { figure } from '../../report/figure.ts';
import { html, Markup } from '../../report/markup.ts';
import { legend } from '../../report/series.ts';
import { between, day, minute, percent, seconds, whole } from '../../report/words.ts';
import type { Evaluated, EvaluationResult } from '../result.ts';
import { againstCost, plottedCosts } from './cost-plots.ts';
import { type MetricRow, metricGroups } from './metric-rows.ts';
import { byHistory, overTime, plottedRates } from './quality-plots.ts';

/** The report of an evaluation: one file that asks for nothing else, now or in years. */
export const reportHtml = (result: EvaluationResult, madeAtMs: number): string => {
  const { data, evaluated, protocol } = result;
  const rates = plottedRates(protocol.ks[0] ?? 0);
  const key = legend(evaluated.map(({ name }) => name));
  const body = html`${header(result, madeAtMs)}
<section><h2>Results</h2>${table(result)}
<p class="aside">Small figures are 95% intervals, by drawing users again (bootstrap). The best of a row is marked ●; intervals that overlap say that the difference may be luck.</p></section>
<section><h2>Quality over time</h2>${key}<div class="figures">${rates.map((one) => figure(overTime(result, one)))}</div></section>
<section><h2>Quality by length of history</h2>${key}<div class="figures">${rates.map((one) => figure(byHistory(result, one)))}</div>
<p class="aside">A hollow mark stands for fewer than 30 tests.</p></section>
<section><h2>Quality against cost</h2>${key}<div class="figures">${rates.flatMap((one) =>
    plottedCosts.map((cost) => figure(againstCost(result, one, cost))),
  )}</div><p class="aside">Bars are 95% intervals. Better is up, cheaper is left.</p></section>
${evaluated.map(contextSection)}`;
  return documentHtml(`Evaluation on ${data.name}`, body);
};

const madeWhen = {
  ahead: "right after each user's last event, as the running services make them",
  request: 'when the next event happens, of which only the time is known',
} as const;

const header = (
  { data, protocol, evaluated, seconds: took }: EvaluationResult,
  madeAtMs: number,
): Markup => {
  const { sample, tests, eligible } = protocol;
  const drawn =
    sample === null ? '' : `, drawn from ${whole(eligible)} with seed ${whole(sample.seed)}`;
  const facts: readonly (readonly [string, string])[] = [
    ['Evaluated', evaluated.map(({ name, what }) => `${name} (${what})`).join(', ')],
    ['Made', `${minute(madeAtMs)}, in ${seconds(took)}`],
    [
      'Data',
      `${data.name}: ${whole(data.events)} events of ${whole(data.users)} users with ${whole(data.items)} items, ${day(data.first_ms)} to ${day(data.last_ms)}${data.faults === 0 ? '' : `; ${whole(data.faults)} rows were no events`}`,
    ],
    [
      'Protocol',
      'prequential: every event in the order of time, first predicted, then learned; nobody sees ahead',
    ],
    ['Tests', `${whole(tests)} from ${minute(protocol.test_from_ms)} on${drawn}`],
    [
      'Lists',
      `made ${madeWhen[protocol.moment]}${protocol.excludes_seen ? '; items that the user had before are taken off' : ''}`,
    ],
    [
      'Next items',
      `${percent(protocol.repeat_share)} are ones that their user had before, ${percent(protocol.cold_item_share)} ones that nobody had`,
    ],
  ];
  return html`<header><h1>Evaluation on ${data.name}</h1><dl>${facts.map(
    ([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`,
  )}</dl></header>`;
};

const table = (result: EvaluationResult): Markup => {
  const { evaluated } = result;
  const groups = metricGroups(result).map(
    ({ name, rows }) =>
      html`<tbody><tr class="group"><th scope="rowgroup" colspan="${evaluated.length + 1}"><span>${name}</span></th></tr>${rows.map((row) => tableRow(row, evaluated))}</tbody>`,
  );
  return html`<div class="wide" tabindex="0" role="region" aria-label="Results"><table class="results"><thead><tr><th scope="col">metric</th>${evaluated.map(
    ({ name, what, kind }) =>
      html`<th scope="col">${named(name)}<small>${kind ?? what}</small></th>`,
  )}</tr></thead>${groups}</table></div>`;
};

/** A version's hash goes to a line of its own. */
const named = (name: string): Markup => {
  const at = name.lastIndexOf('@');
  if (at <= 0) return html`${name}`;
  return html`${name.slice(0, at)}<small>${name.slice(at)}</small>`;
};

const tableRow = (row: MetricRow, evaluated: readonly Evaluated[]): Markup => {
  const { rank, interval } = row;
  const ranks = rank === null ? [] : evaluated.flatMap((of) => rank(of) ?? []);
  const best = ranks.length > 1 ? Math.max(...ranks) : null;
  const cells = evaluated.map((of) => {
    const range = interval?.(of) ?? null;
    const isBest = best !== null && rank?.(of) === best;
    return html`<td${new Markup(isBest ? ' class="best"' : '')}>${row.value(of)}${isBest ? html`<span class="dot" title="best of the row">●</span>` : ''}${range === null ? '' : html`<small>${between(range)}</small>`}</td>`;
  });
  return html`<tr><th scope="row">${row.name}<small>${row.says}</small></th>${cells}</tr>`;
};

const contextSection = ({ name, context }: Evaluated): Markup => {
  if (context === null) return html``;
  const { answered_by: steps, removed_by: rules } = context;
  return html`<section><h2>Context ${name}</h2><p>${context.size} items an answer; ${percent(context.emptied_share)} of answers were emptied by rules.</p><div class="wide"><table><thead><tr><th scope="col">step of the ladder</th><th scope="col">answers</th></tr></thead><tbody>${steps.map(
    ({ step, share }) => html`<tr><th scope="row">${step}</th><td>${percent(share)}</td></tr>`,
  )}</tbody></table>${
    rules.length === 0
      ? ''
      : html`<table><thead><tr><th scope="col">rule</th><th scope="col">removed per answer</th></tr></thead><tbody>${rules.map(
          ({ rule, per_answer: count }) =>
            html`<tr><th scope="row">${rule}</th><td>${count.toFixed(1)}</td></tr>`,
        )}</tbody></table>`
  }</div></section>`;
};
