import type { CommonConfig } from '../../lib/config/common.ts';
import type { LogRecord } from '../../lib/kafka/log-record.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { failureId, unknownSchema } from '../../lib/stream/poison.ts';
import type { FailedEvent } from '../../schemas/generated/failed-event.ts';
import { failedEvents } from '../../topics/failed-events.ts';
import { topicName } from '../../topics/topic.ts';
import { openDecoder } from '../data/topic-values.ts';
import { digestOf } from './ledger.ts';
import type { Findings } from './report.ts';

interface Failed {
  readonly stage: string;
  readonly reason: string;
  readonly digest: number;
}

const nothing = Buffer.alloc(0);

/** What is on failed-events, by id, to be compared with what had to fail. */
export class FailedOnTopic {
  readonly #failed = new Map<string, Failed>();
  readonly #stayFailed = new Map<string, Set<number>>();
  /** Ids that are there with two contents. */
  readonly #twofold = new Map<string, string>();

  static async read(config: CommonConfig, to: readonly number[]): Promise<FailedOnTopic> {
    const own = new FailedOnTopic();
    const decoder = openDecoder<FailedEvent>(config, failedEvents);
    const topic = topicName(config.prefix, failedEvents);
    for await (const records of readLog({ kafka: config.kafka, topic, to })) {
      await decoder.prepare(records.map(({ value }) => value));
      for (const { value } of records) {
        const decoded = decoder.decode(value);
        if (decoded.ok) own.#take(decoded.value);
      }
    }
    return own;
  }

  #take(event: FailedEvent): void {
    const { stage, topic, partition, offset, reason, value } = event;
    const id = `${stage}/${topic}/${partition}/${offset}`;
    const failed = { stage, reason, digest: digestOf(value ?? nothing) };
    const before = this.#failed.get(id);
    if (before === undefined) this.#failed.set(id, failed);
    else if (before.reason !== reason || before.digest !== failed.digest) {
      this.#twofold.set(id, `${before.reason} and ${reason}`);
    }
    if (reason !== unknownSchema) return;
    const lane = `${stage}/${topic}/${partition}`;
    const offsets = this.#stayFailed.get(lane) ?? new Set();
    this.#stayFailed.set(lane, offsets.add(offset));
  }

  /** Offsets that failed because nobody knew their schema then. */
  stayFailed(stage: string, topic: string, partition: number): ReadonlySet<number> {
    return this.#stayFailed.get(`${stage}/${topic}/${partition}`) ?? new Set();
  }

  /** A record failed on being folded again; `required`: its failure was sent before a commit. */
  expect(
    stage: string,
    { record, reason }: { record: LogRecord; reason: string },
    { required, findings }: { required: boolean; findings: Findings },
  ): void {
    const id = failureId(stage, record);
    const found = this.#failed.get(id);
    this.#failed.delete(id);
    const twofold = this.#twofold.get(id);
    if (found === undefined) {
      if (required) findings.add(id, `failed (${reason}) and is not on failed-events`);
    } else if (twofold !== undefined) {
      findings.add(id, `is on failed-events with two contents: ${twofold}`);
    } else if (found.reason !== reason) {
      findings.add(id, `is on failed-events for ${found.reason}, expected ${reason}`);
    } else if (found.digest !== digestOf(record.value ?? nothing)) {
      findings.add(id, 'is on failed-events with other bytes than its record has');
    }
  }

  /** What is left is of records that are good. `cut` says which cannot be known any more. */
  unexpected(stage: string, findings: Findings, cut: (id: string) => boolean): void {
    for (const [id, failed] of this.#failed) {
      if (failed.stage !== stage || cut(id)) continue;
      findings.add(id, `is on failed-events for ${failed.reason}, and its record is good`);
    }
  }
}
