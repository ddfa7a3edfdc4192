// Generated from schemas/avro/user-event.avsc by `npm run generate`. Do not edit.

/** What a producer says a user did with an item. Untrusted until ingest has judged it. */
export interface UserEvent {
  /** Idempotency key: the first event with an id wins. 1 to 128 bytes. */
  readonly event_id: string;
  /** 1 to 128 bytes of UTF-8. */
  readonly user_id: string;
  /** 1 to 128 bytes of UTF-8. */
  readonly item_id: string;
  /**
   * view, click, like, add_to_cart, purchase, rating or another configured type; or
   * freshet.forget: all before of the user is to go; or freshet.merge: the user is the one
   * that attribute into names.
   */
  readonly type: string;
  /** Milliseconds since 1970, UTC. */
  readonly occurred_at: number;
  readonly context_id: null | string;
  /** The answer that led here, as serving named it. */
  readonly answer_id: null | string;
  readonly session_id: null | string;
  /** A rating or an amount; finite. */
  readonly value: null | number;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The schema as it is registered. */
export const userEventSchema = {
  type: 'record',
  name: 'UserEvent',
  namespace: 'freshet',
  doc: 'What a producer says a user did with an item. Untrusted until ingest has judged it.',
  fields: [
    {
      name: 'event_id',
      type: 'string',
      doc: 'Idempotency key: the first event with an id wins. 1 to 128 bytes.',
    },
    { name: 'user_id', type: 'string', doc: '1 to 128 bytes of UTF-8.' },
    { name: 'item_id', type: 'string', doc: '1 to 128 bytes of UTF-8.' },
    {
      name: 'type',
      type: 'string',
      doc: 'view, click, like, add_to_cart, purchase, rating or another configured type; or freshet.forget: all before of the user is to go; or freshet.merge: the user is the one that attribute into names.',
    },
    {
      name: 'occurred_at',
      type: { type: 'long', logicalType: 'timestamp-millis' },
      doc: 'Milliseconds since 1970, UTC.',
    },
    { name: 'context_id', type: ['null', 'string'], default: null },
    {
      name: 'answer_id',
      type: ['null', 'string'],
      default: null,
      doc: 'The answer that led here, as serving named it.',
    },
    { name: 'session_id', type: ['null', 'string'], default: null },
    {
      name: 'value',
      type: ['null', 'double'],
      default: null,
      doc: 'A rating or an amount; finite.',
    },
    { name: 'attributes', type: { type: 'map', values: 'string' }, default: {} },
  ],
} as const;
