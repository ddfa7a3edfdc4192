/**
 * What an evaluation found, as plain JSON: `freshet evaluate --json` prints it, and its report is
 * made from nothing else. Shares and rates are 0 to 1; null: there was nothing to measure it on.
 */
export interface EvaluationResult {
  readonly layout: 1;
  readonly data: EvaluatedData;
  readonly protocol: Protocol;
  /** Models first, then contexts, each in the order given. */
  readonly evaluated: readonly Evaluated[];
  /** Of the whole run. */
  readonly seconds: number;
}

export interface EvaluatedData {
  readonly name: string;
  readonly events: number;
  readonly users: number;
  readonly items: number;
  readonly first_ms: number;
  readonly last_ms: number;
  /** Rows that could not be read as events. */
  readonly faults: number;
}

export interface Protocol {
  /** When lists are made: see `Moment` in engine.ts. */
  readonly moment: 'request' | 'ahead';
  /** Events from this time on are tested if their user has a history. */
  readonly test_from_ms: number;
  /** Events that could be tested, and those that were. */
  readonly eligible: number;
  readonly tests: number;
  /** Null: all that could be were. */
  readonly sample: { readonly size: number; readonly seed: number } | null;
  readonly excludes_seen: boolean;
  /** Lengths of lists that quality is stated for; the first is what plots show. */
  readonly ks: readonly number[];
  /** Of the tests: the next item is one that its user had before; one that nobody had. */
  readonly repeat_share: number;
  readonly cold_item_share: number;
}

export interface Evaluated {
  /** A model's version or a context's. */
  readonly name: string;
  readonly what: 'model' | 'context';
  /** The kind of a model; null for a context. */
  readonly kind: string | null;
  /** `shared`: one list for all, made when it is asked for. */
  readonly list: 'request' | 'ahead' | 'shared' | 'context';
  readonly quality: Quality;
  /** Only tests whose next item was new to its user. */
  readonly quality_new: Quality;
  /** 95%, by drawing users again (bootstrap), at the first k; null: too few users. */
  readonly intervals: { readonly hr: Interval; readonly mrr: Interval } | null;
  /** By how many events the user had before. */
  readonly by_history: readonly HistoryQuality[];
  /** The tested time in equal parts. */
  readonly over_time: readonly TimeQuality[];
  readonly beyond: BeyondAccuracy;
  readonly cost: EvaluatedCost;
  /** Null for a model. */
  readonly context: EvaluatedContext | null;
}

export interface Quality {
  readonly tests: number;
  readonly at: readonly QualityAt[];
}

export interface QualityAt {
  readonly k: number;
  /** Share of tests whose next item is among the first k. */
  readonly hr: number | null;
  /** Mean of 1 / rank, 0 past k. */
  readonly mrr: number | null;
  /** Mean of 1 / log2(1 + rank), 0 past k: one item is right, so the ideal is 1. */
  readonly ndcg: number | null;
}

export type Interval = readonly [low: number, high: number];

export interface HistoryQuality {
  readonly from: number;
  /** Null: no upper end. */
  readonly to: number | null;
  readonly quality: Quality;
}

export interface TimeQuality {
  readonly from_ms: number;
  readonly to_ms: number;
  readonly quality: Quality;
}

export interface BeyondAccuracy {
  /** Of the tested users, those who got any list; and of the known items, those on any list. */
  readonly user_coverage: number | null;
  readonly item_coverage: number | null;
  /** Share of lists with at least so many items. */
  readonly at_least: { readonly items: number; readonly share: number | null };
  /** Mean share of categories that two items of a list do not have in common. */
  readonly diversity_categories: number | null;
  /** Mean cosine distance of two items of a list by the users who had them. */
  readonly diversity_users: number | null;
  /** Mean share of items that the lists of two users who follow each other do not share. */
  readonly personalisation: number | null;
  /** Mean of -log2 of the item's share of all events so far. */
  readonly novelty_bits: number | null;
  /** Mean share of known items that had fewer events than the listed one. */
  readonly popularity_percentile: number | null;
  /** Of how often each known item was listed: 0 all alike, 1 one item on every list. */
  readonly exposure_gini: number | null;
}

export interface EvaluatedCost {
  /** CPU time of one thread, of lists logged and not. A context's is that of its models together. */
  readonly us_per_prediction: number | null;
  /** All folds that the model needs; `users`: features and signals, which models share. */
  readonly us_per_learned_event: number;
  readonly us_per_event_users: number;
  /** Lists that were logged to learn weights from, what one costs, and what they were good for. */
  readonly logged_lists: number;
  readonly us_per_logged_list: number | null;
  readonly examples: number;
  /** Rows that were learned, of all its folds. */
  readonly learned_rows: number;
}

export interface EvaluatedContext {
  readonly size: number;
  /** Per step of the ladder, the share of answers that it gave. */
  readonly answered_by: readonly { readonly step: string; readonly share: number }[];
  /** Per rule, candidates removed per answer. */
  readonly removed_by: readonly { readonly rule: string; readonly per_answer: number }[];
  /** Share of answers without an item though the ladder held some. */
  readonly emptied_share: number;
  /** Rules that no evaluation can judge; left out: none. */
  readonly rules_left_out?: readonly string[];
}
