import type { ConsumerConfig, Kafka } from 'kafkajs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { kafkaClient } from './client.ts';
import { type GroupOptions, startGroupConsumer } from './group-consumer.ts';
import { kafkajs } from './kafkajs.ts';

vi.mock('./client.ts', () => ({ kafkaClient: vi.fn<typeof kafkaClient>() }));

type Listener = (event: { payload: unknown }) => void;

/** As much of the client's consumer as a group uses, told what happens by the test. */
class FakeConsumer {
  readonly events = {
    FETCH: 'fetch',
    HEARTBEAT: 'heartbeat',
    GROUP_JOIN: 'join',
    REBALANCING: 'rebalancing',
    CRASH: 'crash',
  };
  readonly #listeners: [string, Listener][] = [];
  readonly connect: () => Promise<void>;
  readonly subscribe = async (): Promise<void> => undefined;
  readonly run = vi.fn<() => Promise<void>>(async () => undefined);
  readonly stop = vi.fn<() => Promise<void>>(async () => undefined);
  readonly disconnect = vi.fn<() => Promise<void>>(async () => undefined);
  readonly pause = vi.fn<() => void>();
  readonly config: ConsumerConfig;

  constructor(connect: () => Promise<void>, config: ConsumerConfig) {
    this.connect = connect;
    this.config = config;
  }

  /** What the client asks for before it joins. */
  coordinator(find: () => Promise<never>): Promise<unknown> {
    const cluster = { findGroupCoordinator: find };
    for (const assigner of this.config.partitionAssigners ?? [])
      assigner({ cluster, groupId: 'g' } as never);
    return cluster.findGroupCoordinator();
  }

  on(name: string, listener: Listener): void {
    this.#listeners.push([name, listener]);
  }

  emit(name: string, payload: unknown): void {
    for (const [of, listener] of this.#listeners) if (of === name) listener({ payload });
  }
}

const made: FakeConsumer[] = [];
let connect: () => Promise<void> = async () => undefined;

beforeEach(() => {
  vi.useFakeTimers();
  made.length = 0;
  connect = async () => undefined;
  vi.mocked(kafkaClient).mockReturnValue({
    consumer: (config: ConsumerConfig) => {
      made.push(new FakeConsumer(() => connect(), config));
      return made.at(-1);
    },
  } as unknown as Kafka);
});
afterEach(() => vi.useRealTimers());

const coordinator = Object.assign(
  new kafkajs.KafkaJSNonRetriableError('Failed to find group coordinator'),
  { name: 'KafkaJSGroupCoordinatorNotFound' },
);
const givenUp = { restart: false, error: coordinator };

async function started(more: Pick<GroupOptions, 'beforeJoin'> = {}) {
  const onFatal = vi.fn<(error: Error) => void>();
  const group = await startGroupConsumer({
    ...more,
    kafka: { brokers: ['h:1'], clientId: 'c', sessionTimeoutMs: 6_000 },
    groupId: 'g',
    topics: ['t'],
    onBatch: async () => undefined,
    onFatal,
  });
  return { group, onFatal };
}

test('a consumer that the client gives up while brokers are away is replaced by a new one', async () => {
  const { group, onFatal } = await started();
  made[0]?.emit('join', { memberAssignment: { t: [0] } });
  expect(group.joined()).toBe(true);
  connect = async () => {
    throw new kafkajs.KafkaJSConnectionError('refused', {} as never);
  };
  made[0]?.emit('crash', givenUp);
  expect(group.joined()).toBe(false);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(made).toHaveLength(2);
  connect = async () => undefined;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(made).toHaveLength(3);
  expect(made[2]?.run).toHaveBeenCalledOnce();
  made[2]?.emit('join', { memberAssignment: { t: [0] } });
  expect(group.joined()).toBe(true);
  group.pause('t', 0);
  expect(made[2]?.pause).toHaveBeenCalledOnce();
  expect(onFatal).not.toHaveBeenCalled();
});

test('a bug ends it, and so does what no waiting cures', async () => {
  const { onFatal } = await started();
  made[0]?.emit('crash', { restart: false, error: new TypeError('x is not a function') });
  expect(onFatal).toHaveBeenCalledOnce();
  const second = await started();
  connect = async () => {
    throw new kafkajs.KafkaJSProtocolError({ type: 'GROUP_AUTHORIZATION_FAILED' } as never);
  };
  made[1]?.emit('crash', givenUp);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(second.onFatal.mock.calls[0]?.[0].message).toContain('grant this principal READ');
});

test('one that was stopped meanwhile is not begun again', async () => {
  const { group, onFatal } = await started();
  made[0]?.emit('crash', givenUp);
  await group.stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(made).toHaveLength(1);
  expect(onFatal).not.toHaveBeenCalled();
});

test.each([
  ['when its owner has finished', 1_000],
  ['after half a session, whatever its owner does', 3_000],
])('it joins %s', async (_, afterMs) => {
  const finished = Promise.withResolvers<void>();
  const find = vi.fn<() => Promise<never>>();
  const { group } = await started({ beforeJoin: () => finished.promise });
  made[0]?.emit('join', { memberAssignment: { t: [0] } });
  void made[0]?.coordinator(find);
  // Until it is told so: if the coordinator is not found, it stays the member that it was.
  expect(group.joined()).toBe(true);
  await vi.advanceTimersByTimeAsync(afterMs - 1);
  expect(find).not.toHaveBeenCalled();
  if (afterMs < 3_000) finished.resolve();
  await vi.advanceTimersByTimeAsync(1);
  expect(find).toHaveBeenCalledOnce();
});

test('who is no member has nothing to finish', async () => {
  const find = vi.fn<() => Promise<never>>();
  const beforeJoin = vi.fn<() => Promise<void>>(async () => undefined);
  const { group } = await started({ beforeJoin });
  await made[0]?.coordinator(find);
  made[0]?.emit('join', { memberAssignment: { t: [0] } });
  made[0]?.emit('crash', { restart: true, error: coordinator });
  await made[0]?.coordinator(find);
  expect(beforeJoin).not.toHaveBeenCalled();
  made[0]?.emit('join', { memberAssignment: { t: [0] } });
  await made[0]?.coordinator(find);
  expect(beforeJoin).toHaveBeenCalledOnce();
  await group.stop();
  await made[0]?.coordinator(find);
  expect(beforeJoin).toHaveBeenCalledOnce();
  expect(find).toHaveBeenCalledTimes(4);
});
