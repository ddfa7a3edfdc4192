import type { CommonConfig } from '../../lib/config/common.ts';
import type { LogRecord } from '../../lib/kafka/log-record.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import type { FailedOutcome } from '../../schemas/generated/failed-outcome.ts';
import { failedOutcomes } from '../../topics/failed-outcomes.ts';
import { topicName } from '../../topics/topic.ts';
import { openDecoder } from '../data/topic-values.ts';
import { partitionsOf } from '../data/topic-writer.ts';

export const states = ['open', 'replayed', 'accepted', 'dropped'] as const;
export type State = (typeof states)[number];

/** One thing that was done about a failed event. */
export interface Happened extends FailedOutcome {
  readonly atMs: number;
}

/**
 * What has become of an event by all that was done about it, whoever was later: what was sent lies
 * in the log and no drop takes it back, and what counted counts.
 */
export function stateOf(history: readonly Pick<Happened, 'outcome'>[]): State {
  const has = (state: State): boolean => history.some(({ outcome }) => outcome === state);
  return (['replayed', 'accepted', 'dropped'] as const).find(has) ?? 'open';
}

/** By the id of the failed event, in the order of the log. */
export type Histories = ReadonlyMap<string, readonly Happened[]>;

export async function readOutcomes(config: CommonConfig): Promise<Histories> {
  const topic = topicName(config.prefix, failedOutcomes);
  await partitionsOf(config, topic);
  const decoder = openDecoder<FailedOutcome>(config, failedOutcomes);
  const histories = new Map<string, Happened[]>();
  const take = ({ value, timestampMs }: LogRecord): void => {
    const decoded = decoder.decode(value);
    if (!decoded.ok) return;
    const happened = { ...decoded.value, atMs: timestampMs };
    const history = histories.get(happened.id);
    if (history === undefined) histories.set(happened.id, [happened]);
    else history.push(happened);
  };
  for await (const records of readLog({ kafka: config.kafka, topic })) {
    await decoder.prepare(records.map(({ value }) => value));
    records.forEach(take);
  }
  return histories;
}
