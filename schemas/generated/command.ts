// Generated from schemas/avro/command.avsc by `npm run generate`. Do not edit.

/** Asks the control plane to change something. The same command_id is carried out once. */
export interface Command {
  /** Idempotency key, at most 64 bytes; also the record's key. */
  readonly command_id: string;
  /** For instance apply or experiment.start. */
  readonly kind: string;
  /** JSON, as the kind asks for it. */
  readonly body: string;
  readonly sent_at: number;
  /** A role or a program, at most 64 bytes. It stays in the history: no personal data. */
  readonly sent_by: string;
}

/** The schema as it is registered. */
export const commandSchema = {
  type: 'record',
  name: 'Command',
  namespace: 'freshet',
  doc: 'Asks the control plane to change something. The same command_id is carried out once.',
  fields: [
    {
      name: 'command_id',
      type: 'string',
      doc: "Idempotency key, at most 64 bytes; also the record's key.",
    },
    { name: 'kind', type: 'string', doc: 'For instance apply or experiment.start.' },
    { name: 'body', type: 'string', doc: 'JSON, as the kind asks for it.' },
    { name: 'sent_at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    {
      name: 'sent_by',
      type: 'string',
      default: '',
      doc: 'A role or a program, at most 64 bytes. It stays in the history: no personal data.',
    },
  ],
} as const;
