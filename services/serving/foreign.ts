import { messageOf } from '../../lib/errors.ts';
import type { OutMessage } from '../../lib/stream/topology.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { Sender } from './gathering.ts';

export interface ForeignOptions {
  /** A producer of its own: a topic that hangs must not hold up our own. */
  readonly sender: Sender;
  /** Partitions of a topic; undefined: there is no such topic. */
  readonly partitionsOf: (topic: string) => Promise<number | undefined>;
  readonly metrics: Pick<Metrics, 'add' | 'set'>;
  /** Milliseconds that never go back. */
  readonly clockMs: () => number;
  readonly warn: (about: { readonly topic: string; readonly trouble: string }) => void;
  /** So many failures in a row, and a topic is left alone for a while. */
  readonly failuresMax: number;
  readonly openMs: number;
}

/**
 * closed (sending) -> open after `failuresMax` failures in a row -> after `openMs` one batch is let
 * through: closed again if that succeeds, open again if not.
 */
interface Breaker {
  failures: number;
  openUntilMs: number;
}

const breakersMax = 1_000;

/**
 * Sends answers to topics that are not ours. A failure is counted and said, never thrown: the
 * answer is on `recommendations` in any case, and no asker's topic can stop the others.
 */
export class ForeignReplies {
  readonly #options: ForeignOptions;
  readonly #breakers = new Map<string, Breaker>();

  constructor(options: ForeignOptions) {
    this.#options = options;
  }

  async send(messages: readonly OutMessage[]): Promise<void> {
    const byTopic = Map.groupBy(messages, ({ topic }) => topic);
    await Promise.all([...byTopic].map(([topic, own]) => this.#sendTo(topic, own)));
    const nowMs = this.#options.clockMs();
    const open = [...this.#breakers.values()].filter(({ openUntilMs }) => openUntilMs > nowMs);
    this.#options.metrics.set('freshet_reply_breakers_open', {}, open.length);
  }

  async #sendTo(topic: string, messages: readonly OutMessage[]): Promise<void> {
    const { sender, metrics, clockMs, warn } = this.#options;
    const breaker = this.#breaker(topic);
    if (breaker.openUntilMs > clockMs()) {
      metrics.add('freshet_replies_total', { result: 'open' }, messages.length);
      return;
    }
    try {
      const partitions = await this.#options.partitionsOf(topic);
      if (partitions === undefined) throw new Error('there is no such topic');
      await sender.send(messages.map((message) => within(message, partitions)));
      breaker.failures = 0;
      metrics.add('freshet_replies_total', { result: 'sent' }, messages.length);
    } catch (error) {
      breaker.failures += 1;
      if (breaker.failures >= this.#options.failuresMax)
        breaker.openUntilMs = clockMs() + this.#options.openMs;
      metrics.add('freshet_replies_total', { result: 'failed' }, messages.length);
      warn({ topic, trouble: messageOf(error) });
    }
  }

  #breaker(topic: string): Breaker {
    const known = this.#breakers.get(topic);
    if (known !== undefined) return known;
    if (this.#breakers.size >= breakersMax) {
      const oldest = this.#breakers.keys().next().value;
      if (oldest !== undefined) this.#breakers.delete(oldest);
    }
    const breaker: Breaker = { failures: 0, openUntilMs: 0 };
    this.#breakers.set(topic, breaker);
    return breaker;
  }
}

/** A partition that the topic does not have would fail the whole batch: the key decides instead. */
const within = (message: OutMessage, partitions: number): OutMessage => {
  if (message.partition === undefined || message.partition < partitions) return message;
  const { partition: _, ...rest } = message;
  return rest;
};
