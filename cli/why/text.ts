import { textTable } from '../data/text-table.ts';
import type { WhyReport } from './report.ts';

export interface TextOptions {
  /** Rows of each table. */
  readonly limit: number;
  /** What ages are told from. */
  readonly nowMs: number;
}

type Step = WhyReport['steps'][number];
type Candidate = Step['candidates'][number];

/** For people: what was stated, then everything as of now, source by source and rule by rule. */
export function textOf(report: WhyReport, options: TextOptions): string {
  return [
    ...statedLines(report, options),
    ...profileLines(report, options),
    ...report.steps.flatMap((step) => stepLines(step, report, options)),
    ...answerLines(report),
    ...ageLines(report, options),
  ].join('\n');
}

const idAndTitle = (id: string, title: string | null): string =>
  title === null || title === '' ? id : `${id} ${title}`;

const counts = (removed: Readonly<Record<string, number>>): string =>
  Object.entries(removed)
    .filter(([, count]) => count > 0)
    .map(([rule, count]) => `${rule} ${count}`)
    .join(', ') || 'none';

const unitsMs = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** `2026-01-01T00:00:00.000Z (3 minutes ago)`. */
export function ago(at: string | null, nowMs: number): string {
  if (at === null) return 'never';
  const ms = nowMs - Date.parse(at);
  const [unit, size] = unitsMs.find(([, one]) => ms >= one) ?? ['', 0];
  if (size === 0) return `${at} (just now)`;
  const count = Math.floor(ms / size);
  return `${at} (${count} ${unit}${count === 1 ? '' : 's'} ago)`;
}

function statedLines({ stated, request_known: known }: WhyReport, options: TextOptions): string[] {
  if (stated === null) return [];
  const rows = stated.items.map(({ item_id: id, title, score, step }, index) => [
    `  ${index + 1}`,
    id,
    title ?? '',
    score.toPrecision(3),
    step,
  ]);
  const { model_version: model } = stated;
  return [
    `ANSWER ${stated.answer_id}, as it was given ${ago(new Date(stated.judged_at).toISOString(), options.nowMs)}`,
    `  ${stated.consent ? `user ${stated.user_id}` : 'asked without consent: nothing of the user was read or kept'}, context ${stated.context_version ?? stated.context_id}, status ${stated.status}${stated.reason === null ? '' : ` (${stated.reason})`}`,
    `  answered by ${stated.answered_by}${model === null ? '' : ` (${model})`}; candidates per step looked at: ${stated.held.join(', ') || 'none'}; removed by rules: ${counts(stated.removed)}`,
    `  judged by interactions up to offset ${stated.seen_offset}, items up to ${stated.item_offsets.join('/') || '-'}, a profile up to offset ${stated.candidates_offset}`,
    rows.length === 0
      ? '  without items'
      : textTable(['  #', 'item', 'title', 'score', 'step'], rows),
    '',
    'AS OF NOW: all below is recomputed from what is known now, not from what was known then.',
    ...(known
      ? []
      : ['The request is no longer kept: its session and exclude list are not known.']),
    '',
  ];
}

function profileLines({ profile, recomputed_at: at }: WhyReport, options: TextOptions): string[] {
  const recents = profile.recent_items;
  const rows = recents
    .slice(0, options.limit)
    .map(({ item_id: id, title, at: visitedAt, type, visits }) => [
      `  ${id}`,
      title ?? '',
      `${type}${visits > 1 ? ` (${visits} visits)` : ''}`,
      visitedAt ?? '',
    ]);
  const head = `PROFILE of user ${profile.user_id} at ${at}`;
  if (recents.length === 0) return [`${head}: nothing is known of this user`, ''];
  return [
    `${head}: ${recents.length} recent items, ${profile.seen_items} seen items`,
    textTable(['  item', 'title', 'newest visit', 'at'], rows),
    ...more(recents.length - options.limit),
    '',
  ];
}

const more = (count: number): string[] => (count > 0 ? [`  (and ${count} more)`] : []);

function stepLines(step: Step, report: WhyReport, options: TextOptions): string[] {
  const { candidates, stored } = step;
  const of = step.category === null ? '' : `, only ${step.category}`;
  const lines = [`STEP ${step.step}: ${step.model} (${step.kind}${of})`];
  if (!step.is_learned) return [...lines, '  nothing has been learned of this model yet', ''];
  if (stored !== null)
    lines.push(
      `  the list that answers are made of has ${stored.items} items, ${stored.left_after_rules} left after rules, computed ${ago(stored.computed_at, options.nowMs)};`,
      `  ${stored.same_as_recomputed} of the first ${stored.compared} left of it would be among the first left if the list were made now`,
    );
  if (candidates.length === 0) return [...lines, '  no candidates', ''];
  const left = candidates.filter(({ removed_by: rule }) => rule === null);
  const isLookedAt = report.items.length === 0 || candidates.some(({ place }) => place !== null);
  const rows = left.slice(0, options.limit).map(rowOf);
  return [
    ...lines,
    `  IF THE LIST WERE MADE NOW: ${candidates.length} candidates, ${left.length} left after rules${isLookedAt ? '' : '; none is in the answer'}`,
    textTable(
      ['  place', 'stored at', 'item', 'title', 'score', 'because of', 'sources: rank (score)'],
      rows,
    ),
    ...more(left.length - options.limit),
    ...removedLines(candidates, options),
    '',
  ];
}

const sourcesMax = 4;

/** `3`, or `3 (explored, chance 0.0012)` of an item that was drawn for its place. */
function placeOf(place: number | null, exploration: Candidate['exploration']): string {
  const said = String(place ?? '-');
  if (exploration === null) return said;
  const { is_drawn: isDrawn, propensity } = exploration;
  return `${said} (${isDrawn ? 'explored, ' : ''}chance ${propensity.toPrecision(2)})`;
}

function rowOf(candidate: Candidate): string[] {
  const { place, exploration, stored, item_id: id, title, score, because, proposals } = candidate;
  const best = proposals.toSorted((a, b) => (a.rank || Infinity) - (b.rank || Infinity));
  const said = best
    .slice(0, sourcesMax)
    .map((one) => `${one.source} ${one.rank || '-'} (${one.score.toPrecision(2)})`);
  const others = best.length - said.length;
  return [
    `  ${placeOf(place, exploration)}`,
    placeOf(stored?.place ?? null, stored?.exploration ?? null),
    id,
    title ?? '',
    score.toPrecision(3),
    because === null ? '' : idAndTitle(because.item_id, because.title),
    said.join(', ') + (others > 0 ? `, ${others} more` : ''),
  ];
}

function removedLines(candidates: readonly Candidate[], { limit }: TextOptions): string[] {
  const removed = Map.groupBy(
    candidates.filter(({ removed_by: rule }) => rule !== null),
    ({ removed_by: rule }) => rule ?? '',
  );
  return [...removed].map(([rule, own]) => {
    const named = own.slice(0, limit).map(({ item_id: id, title }) => idAndTitle(id, title));
    const rest = own.length - named.length;
    return `  removed by ${rule}: ${own.length}: ${named.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
  });
}

function answerLines({ items, answered_by: by, removed }: WhyReport): string[] {
  if (items.length === 0) return ['ANSWER IF THE LISTS WERE MADE NOW: no item is left', ''];
  const rows = items.map(({ item_id: id, title, score, step, because }, index) => [
    `  ${index + 1}`,
    id,
    title ?? '',
    score.toPrecision(3),
    step,
    because === null ? '' : idAndTitle(because.item_id, because.title),
  ]);
  return [
    `ANSWER IF THE LISTS WERE MADE NOW: by ${by}; removed until it was full: ${counts(removed)}`,
    textTable(['  #', 'item', 'title', 'score', 'step', 'because of'], rows),
    '',
  ];
}

function ageLines({ ages }: WhyReport, { nowMs }: TextOptions): string[] {
  const each = (what: string, times: Readonly<Record<string, string | null>>): string[] =>
    Object.entries(times).map(([name, at]) => `  ${what} ${name}: ${ago(at, nowMs)}`);
  return [
    'HOW OLD IT IS',
    `  newest interaction of the user: ${ago(ages.newest_interaction_at, nowMs)}`,
    ...each('list of', ages.lists_computed_at),
    ...each('newest example in the weights of', ages.weights_learned_up_to),
    ...each('newest signals in rows and rankings of', ages.learned_up_to),
    `  items: offsets ${ages.item_offsets.join('/')}, newest ${ago(ages.newest_item_at, nowMs)}`,
  ];
}
