import { plainRequest } from '../../schemas/plain-request.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import type { RegistryPort } from '../../lib/avro/registry.ts';
import { monotonicMs, now } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { messageOf, RetryableError } from '../../lib/errors.ts';
import type { OutMessage } from '../../lib/kafka/log-record.ts';
import { openOutbox, type Outbox } from '../../lib/kafka/outbox.ts';
import { type Request, requestSchema } from '../../schemas/generated/request.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { plainEvent } from '../../schemas/plain-event.ts';
import { requests } from '../../topics/requests.ts';
import { topicName } from '../../topics/topic.ts';
import { userEvents } from '../../topics/user-events.ts';
import { zipf } from '../micro/synthetic.ts';
import type { Link, Load, Random } from './row.ts';

const tickMs = 100;
const sendMsMax = 10_000;
const usersCount = 200;
export const itemsOfLoad = Array.from({ length: 120 }, (_, n) => `i${n}`);
const types = ['view', 'view', 'view', 'click', 'purchase'] as const;
/** Producers send an event again now and then: it must count once. */
const againShare = 0.02;
const rememberedMax = 200;
/** What is due while sending is held up is dropped past this: the load is steady, not a flood. */
const dueMax = 500;

export const eventIdOf = (n: number): string => `load-${n}`;
export const correlationOf = (n: number): string => `ask-${n}`;

export interface LoadOptions {
  readonly config: CommonConfig;
  readonly registry: RegistryPort;
  readonly kafka: readonly Link[];
  readonly random: Random;
}

/**
 * Events and requests at a steady pace, from a seed. An event that was not acknowledged is sent
 * again until it is, as good producers do; a request is not, since it would be another one.
 */
export class SteadyLoad implements Load {
  readonly kafka: readonly Link[];
  /** Correlation ids of requests that were acknowledged, besides the load's own numbers. */
  readonly expected = new Set<string>();
  readonly ackedEvents: boolean[] = [];
  readonly ackedRequests: boolean[] = [];
  events = 0;
  requests = 0;
  /** Why the load ended, if it did. */
  failure: Error | null = null;
  readonly #options: LoadOptions;
  readonly #outbox: Outbox;
  readonly #encode: { event: (event: UserEvent) => Buffer; request: (asked: Request) => Buffer };
  readonly #item: () => number;
  readonly #recent: OutMessage[] = [];
  #perSecond = { events: 0, requests: 0 };
  #due = { events: 0, requests: 0 };
  #pacedAtMs = monotonicMs();
  #closing = false;
  #running: Promise<void> = Promise.resolve();
  #idle = true;

  private constructor(
    options: LoadOptions,
    outbox: Outbox,
    encode: { event: (event: UserEvent) => Buffer; request: (asked: Request) => Buffer },
  ) {
    this.#options = options;
    this.#outbox = outbox;
    this.#encode = encode;
    this.kafka = options.kafka;
    this.#item = zipf(itemsOfLoad.length, 1, options.random.next);
  }

  static async open(options: LoadOptions): Promise<SteadyLoad> {
    const { config, registry } = options;
    const subject = (topic: Parameters<typeof topicName>[1]): string =>
      `${topicName(config.prefix, topic)}-value`;
    const encode = {
      event: await openEncoder<UserEvent>(registry, subject(userEvents), userEventSchema),
      request: await openEncoder<Request>(registry, subject(requests), requestSchema),
    };
    const kafka = { ...config.kafka, clientId: `${config.prefix}.load` };
    const load = new SteadyLoad(options, await openOutbox(kafka, { sendMsMax }), encode);
    load.#running = load.#run().catch((error: unknown) => {
      load.failure = error instanceof Error ? error : new Error(messageOf(error));
    });
    return load;
  }

  pace(events: number, asked: number): void {
    this.#account();
    this.#perSecond = { events, requests: asked };
  }

  send(messages: readonly OutMessage[]): Promise<void> {
    return this.#outbox.send(messages);
  }

  expectAnswer(correlation: string): void {
    this.expected.add(correlation);
  }

  /** Resolves when nothing is due and nothing is under way; pace it to 0 before. */
  async drained(): Promise<void> {
    while (this.failure === null && !(this.#idle && this.#due.events < 1)) {
      await new Promise((resolve) => setTimeout(resolve, tickMs));
    }
    if (this.failure !== null) throw this.failure;
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#running;
    await this.#outbox.close();
  }

  #account(): void {
    const nowMs = monotonicMs();
    const seconds = (nowMs - this.#pacedAtMs) / 1_000;
    this.#pacedAtMs = nowMs;
    const { events, requests: asked } = this.#perSecond;
    this.#due.events = Math.min(dueMax, this.#due.events + events * seconds);
    this.#due.requests = Math.min(dueMax, this.#due.requests + asked * seconds);
  }

  async #run(): Promise<void> {
    let event = 0;
    let request = 0;
    while (!this.#closing) {
      this.#account();
      const events = Math.floor(this.#due.events);
      const asked = Math.floor(this.#due.requests);
      this.#due.events -= events;
      this.#due.requests -= asked;
      this.#idle = events === 0 && asked === 0;
      if (events > 0) await this.#sendEvents(event, events);
      if (asked > 0) await this.#sendRequests(request, asked);
      event += events;
      request += asked;
      this.#idle = true;
      await new Promise((resolve) => setTimeout(resolve, tickMs));
    }
  }

  async #sendEvents(first: number, count: number): Promise<void> {
    const fresh = Array.from({ length: count }, (_, n) => this.#event(first + n));
    const { random } = this.#options;
    const again = fresh.filter(() => this.#recent.length > 0 && random.next() < againShare);
    const messages = [...again.map(() => random.pick(this.#recent)), ...fresh];
    while (!this.#closing) {
      try {
        await this.#outbox.send(messages);
        break;
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error;
      }
    }
    if (this.#closing) return;
    for (let n = first; n < first + count; n += 1) this.ackedEvents[n] = true;
    this.events += count;
    this.#recent.push(...fresh);
    this.#recent.splice(0, this.#recent.length - rememberedMax);
  }

  async #sendRequests(first: number, count: number): Promise<void> {
    const messages = Array.from({ length: count }, (_, n) => this.#request(first + n));
    try {
      await this.#outbox.send(messages);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      // Perhaps asked, perhaps not: nobody can be blamed for silence.
      return;
    }
    for (let n = first; n < first + count; n += 1) this.ackedRequests[n] = true;
    this.requests += count;
  }

  #event(n: number): OutMessage {
    const { config, random } = this.#options;
    const userId = `u${random.whole(0, usersCount - 1)}`;
    const event = plainEvent({
      eventId: eventIdOf(n),
      userId,
      itemId: itemsOfLoad[this.#item()] ?? '',
      type: random.pick(types),
      atMs: now(),
    });
    const topic = topicName(config.prefix, userEvents);
    return { topic, key: userId, value: this.#encode.event(event) };
  }

  #request(n: number): OutMessage {
    const { config, random } = this.#options;
    const userId = `u${random.whole(0, usersCount - 1)}`;
    return {
      topic: topicName(config.prefix, requests),
      key: userId,
      value: this.#encode.request(plainRequest(userId, random.pick(['home-feed', 'basket']))),
      headers: { 'correlation-id': correlationOf(n) },
    };
  }
}
