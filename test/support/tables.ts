import type { RegistryPort } from '../../lib/avro/registry.ts';
import { RetryableError } from '../../lib/errors.ts';
import type { Table, TableOptions } from '../../lib/kafka/table.ts';

/** Compacted topics without a broker: a test says what they hold, and when they were read. */
export class FakeTables {
  readonly #followed: TableOptions[] = [];
  readonly #next = new Map<string, number>();
  readonly #ready = Promise.withResolvers<void>();
  #complete = false;
  /** Topics that are no longer followed. */
  readonly stopped: string[] = [];
  /** A topic that cannot be followed. */
  refuses: string | null = null;

  readonly follow = async (options: TableOptions): Promise<Table> => {
    if (options.topics.some((topic) => topic === this.refuses)) throw new Error('no such topic');
    this.#followed.push(options);
    return {
      ready: this.#ready.promise,
      isReady: () => this.#complete,
      offsets: () => [0],
      stop: async () => void this.stopped.push(...options.topics),
      healthy: () => null,
    };
  };

  give(topic: string, key: string | null, value: Buffer | null): void {
    const offset = this.#next.get(topic) ?? 0;
    this.#next.set(topic, offset + 1);
    for (const { topics, onRecord } of this.#followed)
      if (topics.includes(topic))
        onRecord({
          topic,
          partition: 0,
          offset,
          timestampMs: 0,
          key: key === null ? null : Buffer.from(key),
          value,
          headers: {},
        });
  }

  /** Whether more of the topic would be fetched now. */
  hasRoom(topic: string): boolean {
    return this.#followed.every(
      ({ topics, hasRoom }) => !topics.includes(topic) || hasRoom?.() !== false,
    );
  }

  /** Everything that stood there at the start has been handed over. */
  complete(): void {
    this.#complete = true;
    this.#ready.resolve();
  }
}

/** A registry that knows one schema, under every subject, and can be away. */
export class FakeRegistry implements RegistryPort {
  readonly #schema: object;
  readonly id = 7;
  away = false;

  constructor(schema: object) {
    this.#schema = schema;
  }

  async schemaOf(id: number): Promise<string | null> {
    if (this.away) throw new RetryableError('the registry is away');
    return id === this.id ? JSON.stringify(this.#schema) : null;
  }

  async idOf(): Promise<number> {
    return this.id;
  }

  /** Nothing yet: schemas are learnt from records. */
  async newestOf(): Promise<null> {
    return null;
  }
}
