import { carriersMin, usersMin } from '../../../experiments/statistics/comparison.ts';
import { hours, percent, whatIsMeasured } from '../../../experiments/statistics/words.ts';
import { documentHtml } from '../../report/document.ts';
import { figure } from '../../report/figure.ts';
import { html, type Markup } from '../../report/markup.ts';
import { legend } from '../../report/series.ts';
import { minute, whole } from '../../report/words.ts';
import type { Assessed } from '../assessed.ts';
import { boundsText, stateText } from '../intake-words.ts';
import { brokenTexts, headline, missingTexts, sampleRatioText, unknown } from '../words.ts';
import { intervalFigures, usersFigure } from './course-plots.ts';
import {
  differencesTable,
  exposuresTable,
  guardrailsTable,
  outcomeTable,
  rulesTable,
} from './tables.ts';

/** An experiment, for people who decide by it: what can be doubted comes before what was found. */
export const experimentHtml = (assessed: Assessed, madeAtMs: number): string => {
  const { experiment } = assessed.record.definition;
  const sections = [
    header(assessed, madeAtMs),
    section('Exposures and sample ratio', exposures(assessed)),
    section('Difference from the control', differences(assessed)),
    section('Guardrails', guardrails(assessed)),
    section('What rules did', rules(assessed)),
    section('Outcome by variant', outcome(assessed)),
    section('What the time before explains', cuped(assessed)),
    section('Users in two variants, and late interactions', doubtful(assessed)),
    section('What is missing for a decision', missing(assessed)),
    section('Definition', definition(assessed)),
    section('How to read this', howToRead(assessed)),
  ];
  return documentHtml(`Experiment ${experiment}`, html`${sections}`);
};

const section = (title: string, inside: Markup): Markup =>
  html`<section><h2>${title}</h2>${inside}</section>
`;

const tone = (assessed: Assessed): string => {
  const { verdict, record, isCounted, fault } = assessed;
  if (fault !== null) return ' bad';
  if (record.state === 'draft' || !isCounted) return '';
  if (verdict.kind === 'not_to_be_believed') return ' bad';
  if (brokenTexts(assessed).length > 0) return '';
  return verdict.kind === 'found' || verdict.kind === 'nothing' ? ' good' : '';
};

const header = (assessed: Assessed, madeAtMs: number): Markup => {
  const { record, countedToMs } = assessed;
  const {
    experiment,
    context,
    step,
    mode,
    traffic,
    layer,
    holdout,
    outcome: of,
  } = record.definition;
  const bounds = boundsText(record.definition);
  const facts: readonly (readonly [string, string])[] = [
    ['State', stateText(assessed)],
    ...record.stops.map(
      ({ variant, why }) => [variant === null ? 'Stopped' : `Stopped '${variant}'`, why] as const,
    ),
    ['Context', `${context}${step === undefined ? '' : `, step '${step}'`}`],
    [
      'Takes part',
      `${percent(traffic)} of layer '${layer}'${holdout === 0 ? '' : `, of which ${percent(holdout)} is held out`}`,
    ],
    ...(bounds === null ? [] : [['Takes users', bounds] as const]),
    ['Outcome', `${whatIsMeasured(of)}, within ${hours(of.withinHours)} of the first exposure`],
    ...(mode === 'aa' ? [['Mode', 'A/A: all variants are the same model'] as const] : []),
    [
      'Counted',
      countedToMs === null
        ? 'nothing'
        : `all that came until ${minute(countedToMs)}, of what came later a part`,
    ],
    ['Made', minute(madeAtMs)],
  ];
  const now =
    record.decision === null ||
    !assessed.isCounted ||
    headline(assessed) === assessed.verdict.sentence
      ? ''
      : html`<p class="aside">By the figures as they are now: ${assessed.verdict.sentence}</p>`;
  return html`<header><h1>${experiment} <span class="state">${record.state}</span></h1>
<p class="said${tone(assessed)}">${headline(assessed)}</p>${brokenTexts(assessed).map((text) => html`<p class="alarm">${text}</p>`)}${now}<dl>${facts.map(
    ([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`,
  )}</dl></header>
`;
};

const exposures = (assessed: Assessed): Markup => {
  const users = usersFigure(assessed);
  const names = assessed.variants.map(({ variant }) => variant);
  return html`<p>${sampleRatioText(assessed)}</p>${exposuresTable(assessed)}${
    users === null ? '' : html`${legend(names)}<div class="figures">${figure(users)}</div>`
  }`;
};

const differences = (assessed: Assessed): Markup => {
  const figures = intervalFigures(assessed);
  return html`${differencesTable(assessed)}${
    figures.length === 0
      ? html`<p class="aside">No course over time yet.</p>`
      : html`<div class="figures">${figures.map(figure)}</div>`
  }<p class="aside">The band holds at every moment at once, with ${percent(1 - assessed.record.definition.alpha)} certainty over all variants: looking at any time is allowed. Where it leaves out 0 there is a difference. Dashed lines are ±${percent(assessed.record.definition.relativeEffect)}, the smallest difference worth finding; what is far outside is cut off.</p>`;
};

const guardrails = (assessed: Assessed): Markup => {
  const limits = guardrailsTable(assessed);
  if (limits === null)
    return html`<p>None: neither the experiment nor its context says what must be kept.</p>`;
  const whose =
    assessed.guardrailsOf === 'context' ? "the context's expectations" : 'its definition';
  return html`${limits}<p class="aside">Limits are from ${whose}. A variant that breaks one beyond doubt is stopped by itself, but for the control, which the context serves anyway; being beyond a limit for a while, by luck, stops nothing.</p>`;
};

const rules = (assessed: Assessed): Markup =>
  rulesTable(assessed) ?? html`<p>No answers were served yet.</p>`;

const outcome = (assessed: Assessed): Markup =>
  html`${outcomeTable(assessed)}<p class="aside">Of users whose time (${hours(assessed.record.definition.outcome.withinHours)}) is over; others wait. What a variant shows here may be luck: see the differences above.</p>`;

const cuped = ({ cuped: { theta, widthRatio } }: Assessed): Markup =>
  theta === 0
    ? html`<p>Nothing: what users did before their first exposure is not known, or says nothing of the outcome.</p>`
    : html`<p>What users did before their first exposure makes the intervals ${percent(1 - widthRatio)} narrower (CUPED, theta ${theta.toPrecision(3)}).</p>`;

const doubtful = ({ figures, verdict, countedToMs }: Assessed): Markup =>
  countedToMs === null
    ? html`<p>${unknown}</p>`
    : html`<p>${whole(figures.multiple)} users saw more than one variant (${percent(verdict.multipleShare)}); they are counted in none. ${whole(figures.late)} interactions came when their user's time was over and counted; they change nothing.</p>`;

const missing = (assessed: Assessed): Markup =>
  html`${missingTexts(assessed).map((text) => html`<p>${text}</p>`)}`;

const definition = ({ record, variants, revision }: Assessed): Markup =>
  html`<div class="wide"><table class="names"><thead><tr><th scope="col">variant</th><th scope="col">model</th></tr></thead><tbody>${variants.map(
    ({ variant, model }) => html`<tr><th scope="row">${variant}</th><td>${model}</td></tr>`,
  )}</tbody></table></div><p class="aside">Revision ${revision}${record.contextVersion === null ? '' : html`, on ${record.contextVersion}`}${record.salt === null ? '' : html`, salt ${record.salt}`}.</p><details><summary>as JSON</summary><pre>${JSON.stringify(record.definition, null, 2)}</pre></details>`;

const howToRead = ({ record }: Assessed): Markup =>
  html`<dl><dt>Users</dt><dd>Counted in a variant when it first answered them, not when they were assigned.</dd>
<dt>Sample ratio</dt><dd>Users must fall to the variants by their weights. If they do not, something chooses who is counted, and no other figure can be believed.</dd>
<dt>Time over</dt><dd>A user's outcome counts once, ${hours(record.definition.outcome.withinHours)} after the first exposure, not before.</dd>
<dt>Interval</dt><dd>Where the true difference is. None is shown before ${usersMin} users of each variant and about ${carriersMin} that its outcome rests on.</dd>
<dt>p</dt><dd>How likely so much, at any time of looking, would be where there is no difference.</dd>
<dt>Worth finding</dt><dd>${percent(record.definition.relativeEffect)}, as the definition says: within these lines a difference does not matter.</dd></dl>`;
