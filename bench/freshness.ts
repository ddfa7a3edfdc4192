import { TopicDecoder } from '../lib/avro/decoder.ts';
import { now } from '../lib/clock.ts';
import { readLog } from '../lib/kafka/read-log.ts';
import { type Interaction, interactionSchema } from '../schemas/generated/interaction.ts';
import { interactions } from '../topics/interactions.ts';
import { topicName } from '../topics/topic.ts';
import type { Bed } from './bed.ts';
import { foldsOf, storedOffsets } from './progress.ts';

const pollMs = 4;

/** When it was first seen that the candidates of a partition had been written up to an offset. */
interface Sighting {
  readonly atMs: number;
  readonly offset: number;
}

/**
 * Watches, from outside, how far candidates are written: lists and offset change in one step, so
 * that an event's list is there when the stored offset is past it. Times are late by what one poll
 * takes, some milliseconds.
 */
export class FreshnessWatch {
  readonly #bed: Bed;
  readonly #sightings: Sighting[][] = [];
  #from: readonly number[] = [];
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(bed: Bed) {
    this.#bed = bed;
  }

  async start(): Promise<void> {
    const topic = topicName(this.#bed.config.prefix, interactions);
    this.#from = (await this.#bed.admin.topicOffsets(topic)).map(({ high }) => high);
    this.#running = this.#poll();
  }

  async #poll(): Promise<void> {
    const [fold] = foldsOf('candidates');
    while (!this.#stopped && fold !== undefined) {
      const [offsets = []] = await storedOffsets(this.#bed, fold);
      const atMs = now();
      offsets.forEach((offset, partition) => {
        const own = (this.#sightings[partition] ??= []);
        if ((own.at(-1)?.offset ?? -1) < offset) own.push({ atMs, offset });
      });
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /** Milliseconds per event that was appended at `sinceMs` or later, in ascending order. */
  async stop(sinceMs: number): Promise<number[]> {
    this.#stopped = true;
    await this.#running;
    const { config, registry } = this.#bed;
    const topic = topicName(config.prefix, interactions);
    const subject = `${topic}-value`;
    const { messageBytesMax: valueBytesMax } = interactions;
    const options = { registry, subject, schema: interactionSchema, valueBytesMax };
    const decoder = new TopicDecoder<Interaction>(options);
    const times: number[] = [];
    const next = new Map<number, number>();
    for await (const records of readLog({ kafka: config.kafka, topic, from: this.#from })) {
      await decoder.prepare(records.map(({ value }) => value));
      for (const { partition, offset, value } of records) {
        const decoded = decoder.decode(value);
        if (!decoded.ok || decoded.value.appended_at < sinceMs) continue;
        const own = this.#sightings[partition] ?? [];
        let at = next.get(partition) ?? 0;
        while (at < own.length && (own[at]?.offset ?? 0) <= offset) at++;
        next.set(partition, at);
        times.push((own[at]?.atMs ?? Number.POSITIVE_INFINITY) - decoded.value.appended_at);
      }
    }
    return times.toSorted((a, b) => a - b);
  }
}

/** The nearest-rank percentile of values in ascending order. */
export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
