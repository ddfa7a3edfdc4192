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

/** Found on failed-events under one id, by the lineage of the generation that refused it. */
type ByLineage = Map<string, Failed>;

/** Who judges a record again. */
export interface Judge {
  readonly stage: string;
  readonly lineage: string;
}

/** Of records that were written before failures told their lineage. */
const unsaid = '';

/**
 * What is on failed-events, by id, to be compared with what had to fail. A generation with other
 * settings may have refused what the current one takes: only what the current one says counts.
 */
export class FailedOnTopic {
  readonly #failed = new Map<string, ByLineage>();
  readonly #stayFailed = new Map<string, Set<number>>();
  /** Ids that are there with two contents of one lineage. */
  readonly #twofold = new Map<string, string>();

  static async read(config: CommonConfig, to: readonly number[]): Promise<FailedOnTopic> {
    const own = new FailedOnTopic();
    const decoder = openDecoder<FailedEvent>(config, failedEvents);
    const topic = topicName(config.prefix, failedEvents);
    for await (const records of readLog({ kafka: config.kafka, topic, to })) {
      await decoder.prepare(records.map(({ value }) => value));
      for (const { value } of records) {
        const decoded = decoder.decode(value);
        if (decoded.ok) own.take(decoded.value);
      }
    }
    return own;
  }

  take(event: FailedEvent): void {
    const { stage, topic, partition, offset, reason, lineage, value } = event;
    const id = `${stage}/${topic}/${partition}/${offset}`;
    const failed = { stage, reason, digest: digestOf(value ?? nothing) };
    const known = this.#failed.get(id) ?? new Map<string, Failed>();
    this.#failed.set(id, known);
    const before = known.get(lineage);
    if (before === undefined) known.set(lineage, failed);
    else if (before.reason !== reason || before.digest !== failed.digest) {
      this.#twofold.set(`${lineage} ${id}`, `${before.reason} and ${reason}`);
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
    { stage, lineage }: Judge,
    { record, reason }: { record: LogRecord; reason: string },
    { required, findings }: { required: boolean; findings: Findings },
  ): void {
    const id = failureId(stage, record);
    const known = this.#failed.get(id);
    this.#failed.delete(id);
    const found = known?.get(lineage) ?? known?.get(unsaid);
    const twofold = this.#twofold.get(`${lineage} ${id}`) ?? this.#twofold.get(`${unsaid} ${id}`);
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
  unexpected(judge: Judge, findings: Findings, cut: (id: string) => boolean): void {
    for (const [id, known] of this.#failed) {
      const failed = known.get(judge.lineage) ?? known.get(unsaid);
      if (failed === undefined || failed.stage !== judge.stage || cut(id)) continue;
      findings.add(id, `is on failed-events for ${failed.reason}, and its record is good`);
    }
  }
}
