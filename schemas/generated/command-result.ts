// Generated from schemas/avro/command-result.avsc by `npm run generate`. Do not edit.

export interface DefinitionChange {
  /** contexts, models or experiments. */
  readonly topic: string;
  readonly key: string;
  readonly version: string;
  readonly revision: number;
}

/**
 * What became of one command. Together, in order: the whole history. Deduplicate by
 * command_offset.
 */
export interface CommandResult {
  readonly command_id: string;
  readonly kind: string;
  /**
   * accepted, refused or repeated (an earlier command had this id and content; nothing was
   * done again).
   */
  readonly status: string;
  /** What happened, or why not and what to do instead. */
  readonly sentence: string;
  readonly changes: readonly DefinitionChange[];
  /** JSON, as the kind says. */
  readonly details: string;
  readonly sent_at: number;
  readonly sent_by: string;
  /** When the broker appended the command: the control plane has no clock. */
  readonly decided_at: number;
  readonly command_offset: number;
}

/** The schema as it is registered. */
export const commandResultSchema = {
  type: 'record',
  name: 'CommandResult',
  namespace: 'freshet',
  doc: 'What became of one command. Together, in order: the whole history. Deduplicate by command_offset.',
  fields: [
    { name: 'command_id', type: 'string' },
    { name: 'kind', type: 'string' },
    {
      name: 'status',
      type: 'string',
      doc: 'accepted, refused or repeated (an earlier command had this id and content; nothing was done again).',
    },
    { name: 'sentence', type: 'string', doc: 'What happened, or why not and what to do instead.' },
    {
      name: 'changes',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'DefinitionChange',
          fields: [
            { name: 'topic', type: 'string', doc: 'contexts, models or experiments.' },
            { name: 'key', type: 'string' },
            { name: 'version', type: 'string' },
            { name: 'revision', type: 'long' },
          ],
        },
      },
      default: [],
    },
    { name: 'details', type: 'string', default: '{}', doc: 'JSON, as the kind says.' },
    { name: 'sent_at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'sent_by', type: 'string', default: '' },
    {
      name: 'decided_at',
      type: { type: 'long', logicalType: 'timestamp-millis' },
      doc: 'When the broker appended the command: the control plane has no clock.',
    },
    { name: 'command_offset', type: 'long' },
  ],
} as const;
