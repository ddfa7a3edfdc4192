import type { Kafka, Producer, ProducerConfig } from 'kafkajs';
import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { kafkajs } from './kafkajs.ts';
import type { OutMessage } from './log-record.ts';
import { openOutbox } from './outbox.ts';

type TopicData = readonly { readonly partitions: readonly { readonly partition: number }[] }[];
type CreateProducer = (options: object) => Producer;

/** The client's own sending, above brokers that do as the test says. */
const createProducer = createRequire(import.meta.url)('kafkajs/src/producer') as CreateProducer;
const logger = { namespace: () => logger, debug: () => 0, warn: () => 0, error: () => 0 };

/** Two brokers and two partitions; `leaders[partition]` is its broker. */
class Brokers {
  leaders: (number | null)[] = [0, 1];
  readonly log: number[] = [];
  /** What happens instead of appending, once per entry. */
  readonly dying: (() => void)[] = [];
  readonly retry = {};
  readonly connect = async (): Promise<void> => undefined;
  readonly addMultipleTargetTopics = async (): Promise<void> => undefined;
  readonly refreshMetadataIfNecessary = async (): Promise<void> => undefined;
  readonly refreshMetadata = async (): Promise<void> => undefined;
  readonly removeBroker = (): void => undefined;
  readonly isConnected = (): boolean => true;
  readonly findTopicPartitionMetadata = (): object[] =>
    this.leaders.flatMap((leader, partitionId) => (leader === null ? [] : { partitionId, leader }));
  readonly #brokers = [0, 1].map((nodeId) => ({
    nodeId,
    produce: async ({ topicData }: { readonly topicData: TopicData }) => {
      if (nodeId === 1) this.#die();
      const partitions = topicData.flatMap((of) => of.partitions.map(({ partition }) => partition));
      this.log.push(...partitions);
      return {
        topics: [{ topicName: 't', partitions: partitions.map((partition) => ({ partition })) }],
      };
    },
  }));
  readonly findBroker = async ({ nodeId }: { readonly nodeId: string }): Promise<unknown> =>
    this.#brokers[Number(nodeId)];
  readonly findLeaderForPartitions = (
    _topic: string,
    partitions: readonly string[],
  ): Record<number, number[]> => {
    const byLeader: Record<number, number[]> = {};
    for (const partition of partitions.map(Number)) {
      const leader = this.leaders[partition];
      if (typeof leader === 'number') (byLeader[leader] ??= []).push(partition);
    }
    return byLeader;
  };

  #die(): void {
    const dies = this.dying.shift();
    if (dies === undefined) return;
    dies();
    throw new kafkajs.KafkaJSConnectionError('closed', { broker: '1' } as never);
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const value = Buffer.of(1);
const both: readonly OutMessage[] = [0, 1].map((partition) => ({
  topic: 't',
  partition,
  key: 'k',
  value,
}));
/** Enough of them for both partitions. */
const byKey: readonly OutMessage[] = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((key) => ({
  topic: 't',
  key,
  value,
}));

async function sent(brokers: Brokers, messages: readonly OutMessage[]): Promise<unknown> {
  const producer = (options?: ProducerConfig): Producer =>
    createProducer({ ...options, cluster: brokers, logger });
  const client = (): Pick<Kafka, 'producer'> => ({ producer });
  const outbox = await openOutbox({ brokers: [], clientId: 'c' }, { sendMsMax: 2_000 }, client);
  const settled = outbox.send(messages).then(
    () => 'acknowledged',
    (error: unknown) => error,
  );
  await vi.advanceTimersByTimeAsync(20_000);
  return settled;
}

test.each([
  ['partition', both],
  ['key', byKey],
])(
  'what a dying broker led is sent to its successor, which has answered already (by %s)',
  async (_, messages) => {
    const brokers = new Brokers();
    brokers.dying.push(() => (brokers.leaders = [0, 0]));
    expect(await sent(brokers, messages)).toBe('acknowledged');
    expect(new Set(brokers.log)).toEqual(new Set([0, 1]));
  },
);

test('a partition of which no leader is known is not taken for acknowledged', async () => {
  const brokers = new Brokers();
  brokers.leaders = [0, null];
  expect(String(await sent(brokers, both))).toContain('nobody took t/1');
});
