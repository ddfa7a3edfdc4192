import type { TopicDecoder } from '../../lib/avro/decoder.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import type { LogRecord, OutMessage } from '../../lib/kafka/log-record.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import type { Exposure } from '../../schemas/generated/exposure.ts';
import type { ExternalCandidates } from '../../schemas/generated/external-candidates.ts';
import { exposures } from '../../topics/exposures.ts';
import { externalCandidates } from '../../topics/external-candidates.ts';
import { exposureKinds } from '../../topics/reserved-types.ts';
import { topicName } from '../../topics/topic.ts';
import { openDecoder } from '../data/topic-values.ts';
import { type Ends, endsNamed } from './ends.ts';
import type { Findings } from './report.ts';

/** Where a marker is from, and whom it is about. */
interface Marker {
  readonly source: number;
  readonly offset: number;
  readonly what: string;
}

const silenceMs = 15_000;

type Placed = Pick<LogRecord, 'partition' | 'value'>;

/** What ingest has to say on the topics of others of each user who is to be forgotten. */
export class MarkerCheck {
  readonly #config: CommonConfig;
  readonly #ends: Ends;
  readonly #exposures: TopicDecoder<Exposure>;
  readonly #external: TopicDecoder<ExternalCandidates>;
  /** By topic, partition and content: what must be there. */
  readonly #missing = new Map<string, Marker>();

  constructor(config: CommonConfig, ends: Ends) {
    this.#config = config;
    this.#ends = ends;
    this.#exposures = openDecoder(config, exposures);
    this.#external = openDecoder(config, externalCandidates);
  }

  async expect(messages: readonly OutMessage[]): Promise<void> {
    for (const { topic, partition = 0, value } of messages) {
      // What lay there at first may be gone by now.
      if ((endsNamed(this.#ends, topic).low[partition] ?? 0) > 0) continue;
      await this.#decoderOf(topic).prepare([value]);
      const marker = this.#markerIn(topic, { partition, value });
      if (marker !== null) this.#missing.set(`${topic}/${partition} ${marker.what}`, marker);
    }
  }

  /** `before`: per source partition, everything below this offset was said before it was stored. */
  async findMissing(before: (source: number) => number, findings: Findings): Promise<void> {
    if (this.#missing.size === 0) return;
    for (const own of [exposures, externalCandidates]) {
      const topic = topicName(this.#config.prefix, own);
      const to = endsNamed(this.#ends, topic).high;
      // Others write there too, and may use transactions.
      const silence = own === externalCandidates ? { endsAfterSilenceMs: silenceMs } : {};
      for await (const records of readLog({ kafka: this.#config.kafka, topic, to, ...silence })) {
        await this.#decoderOf(topic).prepare(records.map(({ value }) => value));
        for (const record of records) {
          const marker = this.#markerIn(topic, record);
          if (marker !== null) this.#missing.delete(`${topic}/${record.partition} ${marker.what}`);
        }
      }
    }
    for (const [where, { source, offset }] of this.#missing)
      if (offset < before(source)) findings.add(where, 'is not on the topic');
  }

  #decoderOf(topic: string): Pick<TopicDecoder<unknown>, 'prepare'> {
    return topic === topicName(this.#config.prefix, exposures) ? this.#exposures : this.#external;
  }

  /** Null: the record is what the topic is there for. */
  #markerIn(topic: string, { value }: Placed): Marker | null {
    if (topic === topicName(this.#config.prefix, exposures)) {
      const decoded = this.#exposures.decode(value);
      if (!decoded.ok || decoded.value.kind === exposureKinds.answer) return null;
      return markerOf(decoded.value, decoded.value.kind);
    }
    const decoded = this.#external.decode(value);
    const by = decoded.ok ? decoded.value.forgotten : null;
    return by === null ? null : markerOf(by, 'forgotten');
  }
}

const markerOf = (
  at: {
    readonly lineage: string;
    readonly source_partition: number;
    readonly source_offset: number;
  },
  kind: string,
): Marker => ({
  source: at.source_partition,
  offset: at.source_offset,
  what: `${kind} by ${at.lineage} ${at.source_partition}:${at.source_offset}`,
});
