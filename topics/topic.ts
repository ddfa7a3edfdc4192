import { installationOf } from '../lib/config/topic-set.ts';

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
   * identity; each set of internal topics has its own. `as made`: as many as FRESHET_PARTITIONS said
   * when it was made, whatever it says later. A number: that many. `free`: any count; the number is
   * the default.
   */
  readonly partitions: 'internal' | 'as made' | number | { readonly free: number };
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

/** Of the prefix's set where the topic is internal; else the one that all sets share. */
export const topicName = (prefix: string, { thing, partitions }: Topic): string =>
  `${partitions === 'internal' ? prefix : installationOf(prefix)}.${thing}.v1`;
