// Generated from schemas/avro/recommendation.avsc by `npm run generate`. Do not edit.

export interface RecommendedItem {
  readonly item_id: string;
  readonly score: number;
  /** Which ladder step gave it, from 0. */
  readonly step: number;
}

/**
 * The one answer to a request. A request answered twice has the same answer_id: take the
 * first.
 */
export interface Recommendation {
  /** From the request's position. */
  readonly answer_id: string;
  /** ok, invalid, unknown_context, expired or overloaded. */
  readonly status: string;
  /** What was wrong, unless ok. */
  readonly reason: null | string;
  readonly user_id: string;
  readonly context_id: string;
  readonly context_version: null | string;
  /** The model of the step that answered. */
  readonly model_version: null | string;
  readonly experiment: null | string;
  readonly variant: null | string;
  /** Name of the ladder step that gave the first item, or none. */
  readonly answered_by: string;
  readonly items: readonly RecommendedItem[];
  /** Per step looked at: candidates before rules. */
  readonly held: readonly number[];
  /** Per rule: candidates that it removed. */
  readonly removed: Readonly<Record<string, number>>;
  /** Offset of interactions up to which seen-items had folded; -1: not asked. */
  readonly seen_offset: number;
  /** How far back 'seen' reaches, where it was cut; null: everything. */
  readonly seen_since: null | number;
  readonly served_offset: number;
  /** Offset of interactions up to which the profile behind the candidates had folded. */
  readonly candidates_offset: number;
  /** Item revision: next offset of items, per partition, that the rules were judged by. */
  readonly item_offsets: readonly number[];
  /** The time that the rules were judged by. */
  readonly judged_at: number;
  /** occurred_at of the newest interaction behind the candidates. */
  readonly newest_interaction_at: null | number;
  /** 0: the first. */
  readonly page: number;
  /** Token to ask for the next page with; null: there is none. */
  readonly next_page: null | string;
  /**
   * What rules compared items with: request.<attribute> and profile.<attribute>;
   * revision.profile and revision.attributes say of which revisions, where that is not said
   * elsewhere.
   */
  readonly judged_with: Readonly<Record<string, string>>;
  /** False: nothing of the user was read, and user_id is left out. */
  readonly consent: boolean;
  readonly request_partition: number;
  readonly request_offset: number;
}

/** The schema as it is registered. */
export const recommendationSchema = {
  type: 'record',
  name: 'Recommendation',
  namespace: 'freshet',
  doc: 'The one answer to a request. A request answered twice has the same answer_id: take the first.',
  fields: [
    { name: 'answer_id', type: 'string', doc: "From the request's position." },
    { name: 'status', type: 'string', doc: 'ok, invalid, unknown_context, expired or overloaded.' },
    { name: 'reason', type: ['null', 'string'], default: null, doc: 'What was wrong, unless ok.' },
    { name: 'user_id', type: 'string', default: '' },
    { name: 'context_id', type: 'string', default: '' },
    { name: 'context_version', type: ['null', 'string'], default: null },
    {
      name: 'model_version',
      type: ['null', 'string'],
      default: null,
      doc: 'The model of the step that answered.',
    },
    { name: 'experiment', type: ['null', 'string'], default: null },
    { name: 'variant', type: ['null', 'string'], default: null },
    {
      name: 'answered_by',
      type: 'string',
      default: 'none',
      doc: 'Name of the ladder step that gave the first item, or none.',
    },
    {
      name: 'items',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'RecommendedItem',
          fields: [
            { name: 'item_id', type: 'string' },
            { name: 'score', type: 'float' },
            { name: 'step', type: 'int', doc: 'Which ladder step gave it, from 0.' },
          ],
        },
      },
      default: [],
    },
    {
      name: 'held',
      type: { type: 'array', items: 'int' },
      default: [],
      doc: 'Per step looked at: candidates before rules.',
    },
    {
      name: 'removed',
      type: { type: 'map', values: 'int' },
      default: {},
      doc: 'Per rule: candidates that it removed.',
    },
    {
      name: 'seen_offset',
      type: 'long',
      default: -1,
      doc: 'Offset of interactions up to which seen-items had folded; -1: not asked.',
    },
    {
      name: 'seen_since',
      type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
      default: null,
      doc: "How far back 'seen' reaches, where it was cut; null: everything.",
    },
    { name: 'served_offset', type: 'long', default: -1 },
    {
      name: 'candidates_offset',
      type: 'long',
      default: -1,
      doc: 'Offset of interactions up to which the profile behind the candidates had folded.',
    },
    {
      name: 'item_offsets',
      type: { type: 'array', items: 'long' },
      default: [],
      doc: 'Item revision: next offset of items, per partition, that the rules were judged by.',
    },
    {
      name: 'judged_at',
      type: { type: 'long', logicalType: 'timestamp-millis' },
      default: 0,
      doc: 'The time that the rules were judged by.',
    },
    {
      name: 'newest_interaction_at',
      type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
      default: null,
      doc: 'occurred_at of the newest interaction behind the candidates.',
    },
    { name: 'page', type: 'int', default: 0, doc: '0: the first.' },
    {
      name: 'next_page',
      type: ['null', 'string'],
      default: null,
      doc: 'Token to ask for the next page with; null: there is none.',
    },
    {
      name: 'judged_with',
      type: { type: 'map', values: 'string' },
      default: {},
      doc: 'What rules compared items with: request.<attribute> and profile.<attribute>; revision.profile and revision.attributes say of which revisions, where that is not said elsewhere.',
    },
    {
      name: 'consent',
      type: 'boolean',
      default: true,
      doc: 'False: nothing of the user was read, and user_id is left out.',
    },
    { name: 'request_partition', type: 'int', default: -1 },
    { name: 'request_offset', type: 'long', default: -1 },
  ],
} as const;
