// Generated from schemas/avro/request.avsc by `npm run generate`. Do not edit.

/** Asks for recommendations. Correlation id and reply topic travel in headers. */
export interface Request {
  readonly user_id: string;
  readonly context_id: string;
  /** Items wanted, at most the context's size. */
  readonly count: null | number;
  /** Items not to answer with, at most 1,000. */
  readonly exclude: readonly string[];
  /** Items of a session that is not (yet) in the log, oldest first, at most 50. */
  readonly session: readonly string[];
  /** After this time the answer is 'expired'. */
  readonly deadline_at: null | number;
  /** What rules of the context may compare items with, at most 16 of 128 bytes. */
  readonly attributes: Readonly<Record<string, string>>;
  /** next_page of an earlier answer to the same user in the same context. */
  readonly page_token: null | string;
  /** False: answered from what the request holds; nothing of the user is read or kept. */
  readonly consent: boolean;
}

/** The schema as it is registered. */
export const requestSchema = {
  type: 'record',
  name: 'Request',
  namespace: 'freshet',
  doc: 'Asks for recommendations. Correlation id and reply topic travel in headers.',
  fields: [
    { name: 'user_id', type: 'string' },
    { name: 'context_id', type: 'string' },
    {
      name: 'count',
      type: ['null', 'int'],
      default: null,
      doc: "Items wanted, at most the context's size.",
    },
    {
      name: 'exclude',
      type: { type: 'array', items: 'string' },
      default: [],
      doc: 'Items not to answer with, at most 1,000.',
    },
    {
      name: 'session',
      type: { type: 'array', items: 'string' },
      default: [],
      doc: 'Items of a session that is not (yet) in the log, oldest first, at most 50.',
    },
    {
      name: 'deadline_at',
      type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
      default: null,
      doc: "After this time the answer is 'expired'.",
    },
    {
      name: 'attributes',
      type: { type: 'map', values: 'string' },
      default: {},
      doc: 'What rules of the context may compare items with, at most 16 of 128 bytes.',
    },
    {
      name: 'page_token',
      type: ['null', 'string'],
      default: null,
      doc: 'next_page of an earlier answer to the same user in the same context.',
    },
    {
      name: 'consent',
      type: 'boolean',
      default: true,
      doc: 'False: answered from what the request holds; nothing of the user is read or kept.',
    },
  ],
} as const;
