// Generated from schemas/avro/exposure.avsc by `npm run generate`. Do not edit.

export interface ExposedItem {
  readonly item_id: string;
  readonly propensity: null | number;
}

/** An answer with items was served to a user. Deduplicate by answer_id. */
export interface Exposure {
  readonly answer_id: string;
  readonly user_id: string;
  readonly context_id: string;
  readonly context_version: string;
  readonly model_version: null | string;
  readonly experiment: null | string;
  readonly variant: null | string;
  readonly answered_by: string;
  readonly items: readonly ExposedItem[];
  readonly served_at: number;
  /** The user's list was missing or older than its model's stated age: compute it again. */
  readonly candidates_stale: boolean;
  /** Items asked for: the context's size, or fewer. */
  readonly wanted: number;
  /** 0: the first. */
  readonly page: number;
  /** The first step of the ladder gave the answer. */
  readonly predicted: boolean;
  /** At least as many items as the context demands. */
  readonly enough: boolean;
  /**
   * Rules left nothing of what models proposed. Only experiments have exposures without
   * items.
   */
  readonly emptied: boolean;
  /** Per rule: candidates that it removed. */
  readonly removed: Readonly<Record<string, number>>;
  /**
   * In an experiment: how long after the first exposure of a user an interaction counts as
   * its outcome.
   */
  readonly credit_ms: null | number;
  /** In an experiment: the types of interaction that its outcome is made of; none: all types. */
  readonly outcome_kinds: readonly string[];
  /**
   * answer; or no exposure at all: forget (all before of this user is to go) or merged (the
   * user is another one from now on), which ingest says.
   */
  readonly kind: string;
  readonly lineage: string;
  /** Partition of requests; of user-events where kind is another than answer. */
  readonly source_partition: number;
  readonly source_offset: number;
}

/** The schema as it is registered. */
export const exposureSchema = {
  type: 'record',
  name: 'Exposure',
  namespace: 'freshet',
  doc: 'An answer with items was served to a user. Deduplicate by answer_id.',
  fields: [
    { name: 'answer_id', type: 'string' },
    { name: 'user_id', type: 'string' },
    { name: 'context_id', type: 'string' },
    { name: 'context_version', type: 'string' },
    { name: 'model_version', type: ['null', 'string'], default: null },
    { name: 'experiment', type: ['null', 'string'], default: null },
    { name: 'variant', type: ['null', 'string'], default: null },
    { name: 'answered_by', type: 'string' },
    {
      name: 'items',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'ExposedItem',
          fields: [
            { name: 'item_id', type: 'string' },
            { name: 'propensity', type: ['null', 'float'], default: null },
          ],
        },
      },
    },
    { name: 'served_at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    {
      name: 'candidates_stale',
      type: 'boolean',
      default: false,
      doc: "The user's list was missing or older than its model's stated age: compute it again.",
    },
    {
      name: 'wanted',
      type: 'int',
      default: 0,
      doc: "Items asked for: the context's size, or fewer.",
    },
    { name: 'page', type: 'int', default: 0, doc: '0: the first.' },
    {
      name: 'predicted',
      type: 'boolean',
      default: false,
      doc: 'The first step of the ladder gave the answer.',
    },
    {
      name: 'enough',
      type: 'boolean',
      default: true,
      doc: 'At least as many items as the context demands.',
    },
    {
      name: 'emptied',
      type: 'boolean',
      default: false,
      doc: 'Rules left nothing of what models proposed. Only experiments have exposures without items.',
    },
    {
      name: 'removed',
      type: { type: 'map', values: 'int' },
      default: {},
      doc: 'Per rule: candidates that it removed.',
    },
    {
      name: 'credit_ms',
      type: ['null', 'long'],
      default: null,
      doc: 'In an experiment: how long after the first exposure of a user an interaction counts as its outcome.',
    },
    {
      name: 'outcome_kinds',
      type: { type: 'array', items: 'string' },
      default: [],
      doc: 'In an experiment: the types of interaction that its outcome is made of; none: all types.',
    },
    {
      name: 'kind',
      type: 'string',
      default: 'answer',
      doc: 'answer; or no exposure at all: forget (all before of this user is to go) or merged (the user is another one from now on), which ingest says.',
    },
    { name: 'lineage', type: 'string' },
    {
      name: 'source_partition',
      type: 'int',
      doc: 'Partition of requests; of user-events where kind is another than answer.',
    },
    { name: 'source_offset', type: 'long' },
  ],
} as const;
