import { messageOf, RetryableError } from '../errors.ts';
import type { KafkaConfig } from './client.ts';
import type { LogRecord } from './log-record.ts';
import { followTable, type Table } from './table.ts';

type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string; readonly detail: string };

export interface Decoder<T> {
  open?(): Promise<void>;
  prepare(values: Iterable<Buffer | null>): Promise<void>;
  decode(value: Buffer | null): Decoded<T>;
}

export interface DecodedTableOptions<T> {
  readonly kafka: KafkaConfig;
  readonly topic: string;
  readonly decoder: Decoder<T>;
  /** `value` is null where the key was withdrawn; `appendedAtMs`: the record's time. */
  readonly onValue: (key: string, value: T | null, appendedAtMs: number) => void;
  readonly onUnusable: (record: LogRecord, reason: string) => void;
  readonly onFatal: (error: Error) => void;
  /** For tests: where the records come from. */
  readonly follow?: typeof followTable | undefined;
}

export interface DecodedTable {
  /** Resolves when `onValue` was told of everything that stood there at the start. */
  readonly ready: Promise<void>;
  /** False again while a record waits for its schema. */
  isReady(): boolean;
  /** Next offset per partition: everything before it is in what `onValue` was told. */
  offsets(): readonly number[];
  healthy(): string | null;
  stop(): Promise<void>;
}

const retryMs = 500;
/** What may wait for the registry; the rest waits on the topic. */
const waitingMax = 5_000;

/**
 * A compacted topic as values. Records are taken in order, at once while their schemas are known;
 * one of a new schema waits, and all after it, until the registry has said what it is. What is
 * told and the offsets change together, in one turn of the event loop, so that whoever reads both
 * without waiting in between sees one revision.
 */
export const followDecoded = async <T>(options: DecodedTableOptions<T>): Promise<DecodedTable> => {
  await options.decoder.open?.();
  const queue = new DecodingQueue(options);
  const table = await (options.follow ?? followTable)({
    kafka: options.kafka,
    topics: [options.topic],
    onRecord: (record) => queue.take(record),
    hasRoom: () => queue.hasRoom(),
    onFatal: options.onFatal,
  });
  return handleOf(options, table, queue);
};

const handleOf = <T>(
  options: DecodedTableOptions<T>,
  table: Table,
  queue: DecodingQueue<T>,
): DecodedTable => ({
  ready: table.ready.then(() => queue.emptied()),
  isReady: () => table.isReady() && queue.isEmpty(),
  offsets: () => {
    // Where nothing was read yet, the log's start stands in the table.
    const starts = table.offsets(options.topic);
    return starts.map((start, partition) => queue.next(partition) ?? start);
  },
  healthy: () => queue.trouble ?? table.healthy(),
  stop: async () => {
    queue.stop();
    await table.stop();
  },
});

class DecodingQueue<T> {
  readonly #options: DecodedTableOptions<T>;
  readonly #next: number[] = [];
  #waiting: LogRecord[] = [];
  #draining = false;
  #stopped = false;
  #onEmpty: (() => void)[] = [];
  trouble: string | null = null;

  constructor(options: DecodedTableOptions<T>) {
    this.#options = options;
  }

  isEmpty(): boolean {
    return this.#waiting.length === 0 && !this.#draining;
  }

  hasRoom(): boolean {
    return this.#waiting.length < waitingMax;
  }

  emptied(): Promise<void> {
    if (this.isEmpty()) return Promise.resolve();
    return new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  next(partition: number): number | undefined {
    return this.#next[partition];
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting = [];
  }

  take(record: LogRecord): void {
    if (this.#stopped) return;
    if (this.isEmpty() && this.#apply(record, false)) return;
    this.#waiting.push(record);
    if (!this.#draining)
      this.#drain().catch((error: unknown) => this.#options.onFatal(error as Error));
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    while (this.#waiting.length > 0 && !this.#stopped) {
      const records = this.#waiting;
      if (!(await this.#prepared(records))) continue;
      if (this.#stopped) return;
      this.#waiting = this.#waiting.slice(records.length);
      for (const record of records) this.#apply(record, true);
    }
    this.#draining = false;
    for (const resolve of this.#onEmpty.splice(0)) resolve();
  }

  async #prepared(records: readonly LogRecord[]): Promise<boolean> {
    try {
      await this.#options.decoder.prepare(records.map(({ value }) => value));
      this.trouble = null;
      return true;
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      this.trouble = messageOf(error);
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      return false;
    }
  }

  /** False: its schema has to be asked for first. */
  #apply(record: LogRecord, asked: boolean): boolean {
    const { decoder, onValue, onUnusable } = this.#options;
    const key = record.key?.toString('utf8') ?? null;
    if (key === null) onUnusable(record, 'no_key');
    else if (record.value === null) onValue(key, null, record.timestampMs);
    else {
      const decoded = decoder.decode(record.value);
      if (!decoded.ok && decoded.reason === 'unknown_schema' && !asked) return false;
      if (decoded.ok) onValue(key, decoded.value, record.timestampMs);
      else onUnusable(record, decoded.reason);
    }
    this.#next[record.partition] = record.offset + 1;
    return true;
  }
}
