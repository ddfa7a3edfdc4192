import { textTable } from '../data/text-table.ts';
import type { EvaluationResult, Evaluated, QualityAt } from './result.ts';

const fixed = (value: number | null | undefined, digits = 3): string =>
  value === null || value === undefined ? '-' : value.toFixed(digits);
const percent = (value: number | null | undefined): string =>
  value === null || value === undefined ? '-' : `${(100 * value).toFixed(0)}%`;

/** What people read in a terminal: one line per model and context. */
export const summary = (result: EvaluationResult): string => {
  const { protocol, data } = result;
  const made = {
    ahead: "lists made right after each user's last event",
    request: 'lists made when the next event happens',
  }[protocol.moment];
  const sampled =
    protocol.sample === null
      ? ''
      : ` (drawn from ${protocol.eligible} with seed ${protocol.sample.seed})`;
  return [
    `${data.name}: ${data.events} events, ${data.users} users, ${data.items} items`,
    `${protocol.tests} tests from ${new Date(protocol.test_from_ms).toISOString()} on${sampled}, ` +
      `${made}${protocol.excludes_seen ? ', items had before taken off' : ''}`,
    `${percent(protocol.repeat_share)} of the next items are ones that the user had before`,
    '',
    qualityTable(result),
    '',
    beyondTable(result),
    ...result.evaluated.flatMap(contextLines),
  ].join('\n');
};

const qualityTable = ({ evaluated, protocol }: EvaluationResult): string => {
  const [first = 0] = protocol.ks;
  const head = [
    '',
    ...protocol.ks.flatMap((k) => [`HR@${k}`, `MRR@${k}`, `NDCG@${k}`]),
    `HR@${first} new`,
    '95% of HR',
    'us/list',
    'us/event',
  ];
  const figures = (at: QualityAt | undefined): string[] => [
    fixed(at?.hr),
    fixed(at?.mrr),
    fixed(at?.ndcg),
  ];
  const rows = evaluated.map((one) => [
    one.name,
    ...one.quality.at.flatMap(figures),
    fixed(one.quality_new.at[0]?.hr),
    one.intervals === null ? '-' : one.intervals.hr.map((value) => value.toFixed(3)).join('-'),
    fixed(one.cost.us_per_prediction, 0),
    fixed(one.cost.us_per_learned_event, 0),
  ]);
  return textTable(head, rows);
};

const beyondTable = ({ evaluated }: EvaluationResult): string => {
  const atLeast = evaluated[0]?.beyond.at_least.items ?? 0;
  const head = [
    '',
    'users',
    'items',
    `>=${atLeast} items`,
    'div. categories',
    'div. users',
    'personal',
    'novelty bits',
    'pop. percentile',
    'Gini',
  ];
  const rows = evaluated.map(({ name, beyond }) => [
    name,
    percent(beyond.user_coverage),
    percent(beyond.item_coverage),
    percent(beyond.at_least.share),
    fixed(beyond.diversity_categories, 2),
    fixed(beyond.diversity_users, 2),
    fixed(beyond.personalisation, 2),
    fixed(beyond.novelty_bits, 1),
    percent(beyond.popularity_percentile),
    fixed(beyond.exposure_gini, 2),
  ]);
  return textTable(head, rows);
};

const contextLines = ({ name, context }: Evaluated): string[] => {
  if (context === null) return [];
  const steps = context.answered_by.map(({ step, share }) => `${step} ${percent(share)}`);
  const rules = context.removed_by.map(({ rule, per_answer: n }) => `${rule} ${n.toFixed(1)}`);
  const removed = rules.length === 0 ? 'nothing' : rules.join(', ');
  return [
    '',
    `${name}: answered by ${steps.join(', ')}; removed per answer: ${removed}; ` +
      `emptied ${percent(context.emptied_share)}`,
  ];
};
