/**
 * What the three ways of running the stack have in common. docker-compose.yml repeats it, and
 * compose.test.ts holds the two together.
 */
export const versions = {
  kafka: '4.3.0',
  registry: '2.6.13.Final',
  redisImage: '7.2-alpine',
} as const;

export const images = {
  kafka: `apache/kafka:${versions.kafka}`,
  registry: `apicurio/apicurio-registry-mem:${versions.registry}`,
  redis: `redis:${versions.redisImage}`,
  prometheus: 'prom/prometheus:v2.53.4',
} as const;

export type Part = 'kafka' | 'registry' | 'redis' | 'prometheus';

/** Where a part listens unless the port is taken. */
export const usualPorts: Readonly<Record<Part, number>> = {
  kafka: 9092,
  registry: 8081,
  redis: 6379,
  prometheus: 9090,
};

/** The Confluent API of the registry, below its base address. */
export const registryPath = '/apis/ccompat/v7';

/**
 * Without WRITE_DELAY=0 a kill may lose the last half second of schemas, and their ids would be
 * given again while records with the old meaning lie on the topics.
 */
export const registryDatabase = (file: string): string => `jdbc:h2:file:${file};WRITE_DELAY=0`;

/** Larger than kafkajs' and the broker's own 1 MB: a slice of packed signals travels as one record. */
export const messageBytesMax = 2_200_000;

/** Broker settings that do not depend on where it runs. */
export function brokerSettings(brokers: 1 | 3): Readonly<Record<string, string>> {
  const replicas = String(brokers);
  const inSync = brokers === 3 ? '2' : '1';
  return {
    'auto.create.topics.enable': 'false',
    'num.partitions': '4',
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '8',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    // A consumer that starts alone need not wait three seconds for company.
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'message.max.bytes': String(messageBytesMax),
    'replica.fetch.max.bytes': String(messageBytesMax),
    // A broker that was killed is let in again only after this time: 9 s by default.
    'broker.session.timeout.ms': brokers === 3 ? '6000' : '4000',
    'broker.heartbeat.interval.ms': '500',
    'log.retention.hours': '168',
    'log.segment.bytes': '268435456',
    // The default, 128 MB, is a fifth of this broker's heap.
    'log.cleaner.dedupe.buffer.size': '33554432',
  };
}

/** State that others fold must not be evicted, and at most a second of it may be lost. */
export const redisArguments: readonly string[] = [
  '--appendonly',
  'yes',
  '--appendfsync',
  'everysec',
  '--maxmemory-policy',
  'noeviction',
  '--save',
  '',
];

export const heap = {
  kafka: ['-Xms256m', '-Xmx640m'],
  registry: ['-Xmx160m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
} as const;
