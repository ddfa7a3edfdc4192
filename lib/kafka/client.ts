import './codecs.ts';
import type { Kafka, SASLOptions } from 'kafkajs';
import type { ConnectionOptions } from 'node:tls';

import { kafkajs } from './kafkajs.ts';

export interface KafkaConfig {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: ConnectionOptions;
  readonly sasl?: SASLOptions;
  /** A member that says nothing for this long loses its partitions: the recovery time. */
  readonly sessionTimeoutMs?: number;
}

const connectionTimeoutMs = 5_000;
const requestTimeoutMs = 15_000;

/** What kafkajs logs goes nowhere by itself: our own log says what matters, once. */
const quiet = () => () => undefined;

export function kafkaClient(config: KafkaConfig): Kafka {
  return new kafkajs.Kafka({
    clientId: config.clientId,
    brokers: [...config.brokers],
    connectionTimeout: connectionTimeoutMs,
    requestTimeout: requestTimeoutMs,
    logCreator: quiet,
    // Short first waits: a restarted broker is back within seconds.
    retry: { initialRetryTime: 100, maxRetryTime: 5_000, retries: 8 },
    ...(config.ssl === undefined ? {} : { ssl: config.ssl }),
    ...(config.sasl === undefined ? {} : { sasl: config.sasl }),
  });
}
