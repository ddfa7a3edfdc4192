// Generated from schemas/avro/failed-outcome.avsc by `npm run generate`. Do not edit.

/**
 * What somebody did about a failed event; when, says the record's timestamp. Its key is the
 * failed event's id, and the records of an id together say what has become of it. It holds
 * no value of the event.
 */
export interface FailedOutcome {
  /** stage/topic/partition/offset, as on failed-events. */
  readonly id: string;
  /**
   * replayed: sent to the topic that it came from. accepted: counted without that. dropped:
   * given up.
   */
  readonly outcome: string;
  /** Who did it: a role, no personal data. */
  readonly by: string;
  /** One sentence, no personal data. */
  readonly why: string;
  /** What was changed before it was sent, by names of fields, without values. */
  readonly changes: readonly string[];
  /**
   * What keeps a second replay from counting. event_id: the event's own. position: an id made
   * from where it failed. newest: the newest list counts. Empty: nothing was sent.
   */
  readonly once_by: string;
}

/** The schema as it is registered. */
export const failedOutcomeSchema = {
  type: 'record',
  name: 'FailedOutcome',
  namespace: 'freshet',
  doc: "What somebody did about a failed event; when, says the record's timestamp. Its key is the failed event's id, and the records of an id together say what has become of it. It holds no value of the event.",
  fields: [
    { name: 'id', type: 'string', doc: 'stage/topic/partition/offset, as on failed-events.' },
    {
      name: 'outcome',
      type: 'string',
      doc: 'replayed: sent to the topic that it came from. accepted: counted without that. dropped: given up.',
    },
    { name: 'by', type: 'string', doc: 'Who did it: a role, no personal data.' },
    { name: 'why', type: 'string', default: '', doc: 'One sentence, no personal data.' },
    {
      name: 'changes',
      type: { type: 'array', items: 'string' },
      default: [],
      doc: 'What was changed before it was sent, by names of fields, without values.',
    },
    {
      name: 'once_by',
      type: 'string',
      default: '',
      doc: "What keeps a second replay from counting. event_id: the event's own. position: an id made from where it failed. newest: the newest list counts. Empty: nothing was sent.",
    },
  ],
} as const;
