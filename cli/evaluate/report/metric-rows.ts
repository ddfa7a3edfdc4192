import { fixed, micros, percent, rate, whole } from '../../report/words.ts';
import type { Evaluated, EvaluationResult, Interval } from '../result.ts';

/** A row of the table: what is measured, in which unit, and how a model's value is written. */
export interface MetricRow {
  readonly name: string;
  readonly says: string;
  readonly value: (of: Evaluated) => string;
  readonly interval: ((of: Evaluated) => Interval | null) | null;
  /** For marking the best; null where neither more nor less is better by itself. */
  readonly rank: ((of: Evaluated) => number | null) | null;
}

export interface MetricGroup {
  readonly name: string;
  readonly rows: readonly MetricRow[];
}

type Row = Partial<MetricRow> & Pick<MetricRow, 'name' | 'says' | 'value'>;
const row = (given: Row): MetricRow => ({ interval: null, rank: null, ...given });

const rates = [
  ['hr', 'HR', 'share of tests whose next item is among the first'],
  ['mrr', 'MRR', 'mean of 1 / rank among the first'],
  ['ndcg', 'NDCG', 'mean of 1 / log2(1 + rank) among the first'],
] as const;

const qualityRows = (ks: readonly number[], of: 'quality' | 'quality_new'): MetricRow[] =>
  ks.flatMap((k, index) =>
    rates.map(([id, name, says]) => {
      const value = (one: Evaluated): number | null => one[of].at[index]?.[id] ?? null;
      const hasInterval = of === 'quality' && index === 0 && id !== 'ndcg';
      return row({
        name: `${name}@${k}`,
        says: `${says} ${k}`,
        value: (one) => rate(value(one)),
        rank: value,
        interval: hasInterval ? (one) => one.intervals?.[id] ?? null : null,
      });
    }),
  );

const reach: readonly MetricRow[] = [
  row({
    name: 'users reached',
    says: 'share of tested users who got any list',
    value: ({ beyond }) => percent(beyond.user_coverage),
  }),
  row({
    name: 'items shown',
    says: 'share of known items that were on any list',
    value: ({ beyond }) => percent(beyond.item_coverage),
  }),
];

const character: readonly MetricRow[] = [
  row({
    name: 'diversity, categories',
    says: 'share of categories that two items of a list do not share',
    value: ({ beyond }) => fixed(beyond.diversity_categories, 2),
  }),
  row({
    name: 'diversity, users',
    says: 'cosine distance of two items of a list by the users who had them',
    value: ({ beyond }) => fixed(beyond.diversity_users, 2),
  }),
  row({
    name: 'personalisation',
    says: 'share of items that lists of two users do not share',
    value: ({ beyond }) => fixed(beyond.personalisation, 2),
  }),
  row({
    name: 'novelty (bits)',
    says: "mean -log2 of an item's share of all events",
    value: ({ beyond }) => fixed(beyond.novelty_bits, 1),
  }),
  row({
    name: 'popularity percentile',
    says: 'share of known items with fewer events than the listed one',
    value: ({ beyond }) => percent(beyond.popularity_percentile),
  }),
  row({
    name: 'exposure (Gini)',
    says: '0: every item listed alike often; 1: one item on every list',
    value: ({ beyond }) => fixed(beyond.exposure_gini, 2),
  }),
];

const costs: readonly MetricRow[] = [
  row({
    name: 'time per list',
    says: 'one core, reads in memory',
    value: ({ cost }) => micros(cost.us_per_prediction),
  }),
  row({
    name: 'time per event',
    says: 'all folds that it needs, those that models share included',
    value: ({ cost }) => micros(cost.us_per_learned_event),
  }),
  row({
    name: 'rows learned',
    says: 'of all its folds, at the end',
    value: ({ cost }) => whole(cost.learned_rows),
  }),
  row({
    name: 'training examples',
    says: 'that moved its weights',
    value: ({ cost }) => (cost.logged_lists === 0 ? 'none' : whole(cost.examples)),
  }),
];

const atLeast = (items: number): MetricRow =>
  row({
    name: `at least ${items} items`,
    says: 'share of lists with so many',
    value: ({ beyond }) => percent(beyond.at_least.share),
  });

export const metricGroups = ({ protocol, evaluated }: EvaluationResult): readonly MetricGroup[] => {
  const { ks } = protocol;
  const items = evaluated[0]?.beyond.at_least.items ?? 0;
  return [
    { name: 'Quality', rows: qualityRows(ks, 'quality') },
    {
      name: 'Where the next item is new to the user',
      rows: qualityRows(ks.slice(0, 1), 'quality_new'),
    },
    { name: 'Reach', rows: [...reach, atLeast(items)] },
    { name: 'Character of the lists', rows: character },
    { name: 'Cost', rows: costs },
  ];
};
