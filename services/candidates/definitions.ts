import { messageOf, RetryableError } from '../../lib/errors.ts';
import type { KafkaConfig } from '../../lib/kafka/client.ts';
import { followTable, type Table } from '../../lib/kafka/table.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import type { Logger } from '../../lib/telemetry/log.ts';
import { Catalogue } from '../../models/catalogue.ts';
import type { KindCatalogue } from '../../models/definitions.ts';
import type { Definition } from '../../schemas/generated/definition.ts';
import type { ValueDecoder } from '../../topics/interactions-input.ts';
import { type PersonalModel, personalModels } from './candidates.ts';

export interface DefinitionsOptions {
  readonly kafka: KafkaConfig;
  readonly models: { readonly topic: string; readonly decoder: ValueDecoder<Definition> };
  readonly contexts: { readonly topic: string; readonly decoder: ValueDecoder<Definition> };
  readonly kinds: KindCatalogue;
  readonly log: Logger;
  readonly onFatal: (error: Error) => void;
}

const retryMs = 500;

/**
 * Which personal models are in use: those that the ladder of some context names. Follows the topics
 * `models` and `contexts` from their beginnings. A record whose schema is not known yet waits, with
 * all after it, until the registry has said what it is.
 */
export class Definitions {
  readonly #options: DefinitionsOptions;
  readonly #catalogue: Catalogue;
  #table: Table | null = null;
  #queue: LogRecord[] = [];
  #draining = false;
  #trouble: string | null = null;
  #stopped = false;
  #personal: readonly PersonalModel[] = [];

  constructor(options: DefinitionsOptions) {
    this.#options = options;
    this.#catalogue = new Catalogue(options.kinds);
  }

  async start(): Promise<void> {
    const { kafka, models, contexts, onFatal } = this.#options;
    this.#table = await followTable({
      kafka,
      topics: [models.topic, contexts.topic],
      onRecord: (record) => this.take(record),
      onFatal,
    });
  }

  /** Null once everything that stood there at the start is known. */
  ready(): string | null {
    if (this.#trouble !== null) return this.#trouble;
    const complete = this.#table?.isReady() === true && this.#queue.length === 0 && !this.#draining;
    return complete ? null : 'candidates: reading definitions';
  }

  healthy(): string | null {
    return this.#table?.healthy() ?? null;
  }

  personal(): readonly PersonalModel[] {
    return this.#personal;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#table?.stop();
  }

  take(record: LogRecord): void {
    this.#queue.push(record);
    if (!this.#draining) this.#drain().catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    this.#options.onFatal(error instanceof Error ? error : new Error(messageOf(error)));
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    while (this.#queue.length > 0 && !this.#stopped) {
      const records = [...this.#queue];
      if (!(await this.#prepared(records))) continue;
      this.#queue = this.#queue.slice(records.length);
      for (const record of records) this.#apply(record);
      this.#personal = personalModels(this.#catalogue.modelsInUse(), this.#options.kinds);
    }
    this.#draining = false;
  }

  async #prepared(records: readonly LogRecord[]): Promise<boolean> {
    try {
      for (const { topic, decoder } of [this.#options.models, this.#options.contexts])
        await decoder.prepare(records.filter((one) => one.topic === topic).map((one) => one.value));
      this.#trouble = null;
      return true;
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      this.#trouble = messageOf(error);
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      return false;
    }
  }

  #apply({ topic, offset, key, value }: LogRecord): void {
    const { models, contexts, log } = this.#options;
    const isModel = topic === models.topic;
    const { decoder } = isModel ? models : contexts;
    const decoded = value === null ? null : decoder.decode(value);
    if (key === null || decoded?.ok === false) {
      log.warn({ topic, offset }, 'a definition cannot be read and is left out');
      return;
    }
    const name = key.toString('utf8');
    const record = decoded === null ? null : decoded.value;
    const taken = isModel
      ? this.#catalogue.takeModel(name, record)
      : this.#catalogue.takeContext(name, record);
    if (taken.kind === 'unusable')
      log.warn({ topic, offset, name, faults: taken.faults }, 'a definition is left out');
  }
}
