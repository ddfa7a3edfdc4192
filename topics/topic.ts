/**
 * A topic as a value: the contract between services. The name on a broker is
 * `<prefix>.<thing>.v1`; `topicName` below is the only place that builds it.
 */
export interface Topic {
  /** The `<thing>` of the name, for instance `user-events`. */
  readonly thing: string;
  readonly doc: string;
  /** What the record's key is. */
  readonly key: 'user_id' | 'item_id' | 'packed' | 'id' | 'name' | 'none';
  /**
   * `internal`: as many partitions as FRESHET_PARTITIONS says, which is part of every fold's
   * identity. A number: that many. `free`: any count; the number is the default.
   */
  readonly partitions: 'internal' | number | { readonly free: number };
  readonly cleanup: 'delete' | 'compact';
  /** -1: kept without limit. */
  readonly retentionMs: number;
  readonly timestamps: 'LogAppendTime' | 'CreateTime';
  /** Limit of a record batch at the broker, which is what max.message.bytes bounds. */
  readonly messageBytesMax: number;
  /** Folder-less name of the schema: schemas/avro/<schema>.avsc. */
  readonly schema: string;
  /**
   * What its records say of users: their ids; hashes or positions that lead to somebody only with
   * another topic; or nothing. A receipt of `freshet forget` says what stays by this.
   */
  readonly users: 'named' | 'traceable' | 'none';
  readonly writtenBy: readonly string[];
  readonly readBy: readonly string[];
  /** One valid value, in the JSON form of its schema's TypeScript type. */
  readonly example: Readonly<Record<string, unknown>>;
}

export const topicName = (prefix: string, topic: Topic): string => `${prefix}.${topic.thing}.v1`;
