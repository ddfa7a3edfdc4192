import type { CommonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import type { LogRecord } from '../../lib/kafka/log-record.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import type { FailedEvent } from '../../schemas/generated/failed-event.ts';
import { topics } from '../../topics/all.ts';
import { failedEvents } from '../../topics/failed-events.ts';
import { topicName } from '../../topics/topic.ts';
import { openDecoder } from '../data/topic-values.ts';
import { partitionsOf } from '../data/topic-writer.ts';
import type { Line } from './groups.ts';
import { type Histories, type State, stateOf } from './outcomes.ts';
import { producerOf } from './producer.ts';

/** A failed event without its bytes. */
export interface Entry extends Line {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Of key, value and headers together, roughly. */
  readonly bytes: number;
  /** The failed event that it is a replay of; null: none. */
  readonly replayOf: string | null;
}

export interface Selection {
  readonly ids: readonly string[];
  readonly reason?: string | undefined;
  readonly stage?: string | undefined;
  readonly producer?: string | undefined;
  readonly sinceMs?: number | undefined;
  readonly states: readonly State[];
}

/** On what is sent again: whose failure it mends. */
export const replayOfHeader = 'freshet-replay-of';

export const failedIdOf = ({ stage, topic, partition, offset }: FailedEvent): string =>
  `${stage}/${topic}/${partition}/${offset}`;

/**
 * Everything on failed-events, each failure once, in the order of the logs that it comes from: a
 * user's events are sent again in the order in which they came.
 */
export async function readEntries(config: CommonConfig, histories: Histories): Promise<Entry[]> {
  const found = new Map<string, Entry>();
  // The same failure may be there twice; the last says what the current generation thinks of it.
  await readFailed(config, (event) => {
    const entry = entryOf(event, histories);
    found.set(entry.id, entry);
  });
  return [...found.values()].sort(inOrder);
}

/** Events with their bytes, by id. */
export async function readEvents(
  config: CommonConfig,
  ids: ReadonlySet<string>,
): Promise<ReadonlyMap<string, FailedEvent>> {
  const found = new Map<string, FailedEvent>();
  await readFailed(config, (event) => {
    if (ids.has(failedIdOf(event))) found.set(failedIdOf(event), event);
  });
  return found;
}

async function readFailed(
  config: CommonConfig,
  onEvent: (event: FailedEvent) => void,
): Promise<void> {
  const topic = topicName(config.prefix, failedEvents);
  await partitionsOf(config, topic);
  const decoder = openDecoder<FailedEvent>(config, failedEvents);
  const take = ({ value }: LogRecord): void => {
    const decoded = decoder.decode(value);
    if (decoded.ok) onEvent(decoded.value);
  };
  for await (const records of readLog({ kafka: config.kafka, topic })) {
    await decoder.prepare(records.map(({ value }) => value));
    records.forEach(take);
  }
}

function entryOf(event: FailedEvent, histories: Histories): Entry {
  const { stage, reason, topic, partition, offset, appended_at: atMs, value, headers } = event;
  const id = failedIdOf(event);
  const state = stateOf(histories.get(id) ?? []);
  const bytes = Object.values(headers).reduce((sum, one) => sum + one.length, value?.length ?? 0);
  const replayOf = headers[replayOfHeader]?.toString('utf8') ?? null;
  const producer = producerOf(event);
  return { id, stage, reason, producer, state, atMs, topic, partition, offset, bytes, replayOf };
}

const inOrder = (a: Entry, b: Entry): number =>
  a.topic.localeCompare(b.topic) ||
  a.partition - b.partition ||
  a.offset - b.offset ||
  a.stage.localeCompare(b.stage);

/** Pure: those that are meant. Ids that are not there are a mistake. */
export function choose(entries: readonly Entry[], selection: Selection): Entry[] {
  const { ids, reason, stage, producer, sinceMs, states } = selection;
  const named = new Set(ids);
  const there = new Set(entries.map(({ id }) => id));
  const missing = ids.find((id) => !there.has(id));
  if (missing !== undefined)
    throw new UserError(
      `there is no failed event '${missing}': \`npx freshet failed list --events\``,
    );
  return entries.filter(
    (entry) =>
      (named.size === 0 || named.has(entry.id)) &&
      (reason === undefined || entry.reason === reason) &&
      (stage === undefined || entry.stage === stage) &&
      (producer === undefined || entry.producer === producer) &&
      (sinceMs === undefined || entry.atMs >= sinceMs) &&
      states.includes(entry.state),
  );
}

/** The first of them that are worked on at once: so many, and so many bytes. */
export function bounded(
  entries: readonly Entry[],
  { eventsMax, bytesMax }: { readonly eventsMax: number; readonly bytesMax: number },
): readonly Entry[] {
  let bytes = 0;
  const end = entries.findIndex((entry, at) => {
    bytes += entry.bytes;
    return at >= eventsMax || (at > 0 && bytes > bytesMax);
  });
  return end === -1 ? entries : entries.slice(0, end);
}

/** The other way round: as short as people like to type it. */
export function shortId(id: string, prefix: string): string {
  const [stage = '', name = '', ...rest] = id.split('/');
  const topic = topics.find((one) => topicName(prefix, one) === name);
  return topic === undefined ? id : [stage, topic.thing, ...rest].join('/');
}

/** `ingest/user-events/0/42` means the topic's full name. */
export function fullId(id: string, prefix: string): string {
  const [stage = '', thing = '', ...rest] = id.split('/');
  const topic = topics.find((one) => one.thing === thing);
  return topic === undefined ? id : [stage, topicName(prefix, topic), ...rest].join('/');
}
