import { now } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { RefusedError, UserError } from '../../lib/errors.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import type { FailedEvent } from '../../schemas/generated/failed-event.ts';
import { readable, readableBytes } from '../data/readable.ts';
import { Desk } from './desk.ts';
import { type Entry, readEvents } from './entries.ts';
import type { Happened } from './outcomes.ts';
import { RawValues } from './raw-values.ts';
import { tryOne } from './replay.ts';
import { iso } from './text.ts';
import type { Found } from './work.ts';

/** Everything of one failed event, as JSON can hold it. */
export interface Shown {
  readonly id: string;
  readonly state: string;
  readonly stage: string;
  readonly reason: string;
  readonly detail: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly appended_at: string;
  readonly lineage: string;
  readonly producer: string;
  readonly key: string | null;
  readonly headers: unknown;
  readonly bytes: number;
  readonly hex: string | null;
  /** As far as it goes. */
  readonly read: { readonly as: string; readonly fields: unknown; readonly fault: string | null };
  /** What `replay` would do with it as it is. */
  readonly replay: { readonly outcome: string; readonly why: string };
  readonly replay_of: string | null;
  readonly history: readonly {
    readonly at: string;
    readonly by: string;
    readonly outcome: string;
    readonly why: string;
    readonly changes: readonly string[];
    readonly once_by: string;
  }[];
  /** Replays of it that failed again. */
  readonly failed_again: readonly string[];
}

export async function showOne(config: CommonConfig, id: string, found: Found): Promise<Shown> {
  const entry = found.entries.find((one) => one.id === id);
  const event = (await readEvents(config, new Set([id]))).get(id);
  if (entry === undefined || event === undefined)
    throw new UserError(`there is no failed event '${id}': \`npx freshet failed list --events\``);
  const raw = RawValues.of(config);
  const { how, fields, fault } = await raw.open(event.value, event.topic);
  const again = found.entries.filter(({ replayOf }) => replayOf === id);
  return {
    id,
    state: entry.state,
    stage: event.stage,
    reason: event.reason,
    detail: event.detail,
    topic: event.topic,
    partition: event.partition,
    offset: event.offset,
    appended_at: iso(event.appended_at),
    lineage: event.lineage,
    producer: entry.producer,
    key: event.key === null ? null : readableBytes(event.key),
    headers: readable(event.headers),
    bytes: event.value?.length ?? 0,
    hex: event.value === null ? null : event.value.toString('hex'),
    read: { as: how, fields: readable(fields), fault },
    replay: await replayOf(config, { entry, event, raw }),
    replay_of: entry.replayOf,
    history: (found.histories.get(id) ?? []).map(happenedAs),
    failed_again: again.map((one) => one.id),
  };
}

const happenedAs = ({ atMs, by, outcome, why, changes, once_by }: Happened) => ({
  at: iso(atMs),
  by,
  outcome,
  why,
  changes,
  once_by,
});

/** Where that cannot be said now, it says why: the rest is of use all the same. */
async function replayOf(
  config: CommonConfig,
  { entry, event, raw }: { entry: Entry; event: FailedEvent; raw: RawValues },
): Promise<Shown['replay']> {
  const redis = await openRedis(config.redis);
  try {
    const desk = new Desk(config, redis);
    const { fate } = await tryOne(entry, event, { desk, raw, fix: null, nowMs: now });
    if (fate.kind === 'send') return { outcome: 'replayed', why: 'it would be taken now' };
    return { outcome: fate.kind, why: fate.why };
  } catch (error) {
    if (!(error instanceof UserError || error instanceof RefusedError)) throw error;
    return { outcome: 'unknown', why: error.message };
  } finally {
    await redis.close();
  }
}

const hexCharsMax = 512;

export function shownText(shown: Shown): string {
  const { read, replay, history, hex } = shown;
  const line = (name: string, text: string | null): string => `${name.padEnd(12)}${text ?? '-'}`;
  const cut = hex !== null && hex.length > hexCharsMax ? '... (--json has all)' : '';
  const fields = Object.entries((read.fields ?? {}) as object).map(
    ([name, value]) => `  ${name}: ${JSON.stringify(value)}`,
  );
  const happened = history.map(
    ({ at, by, outcome, why, changes }) =>
      `  ${at}  ${by}: ${[outcome, ...(why === '' ? [] : [why]), ...changes].join('; ')}`,
  );
  return [
    line('id', shown.id),
    line('state', shown.state),
    line('reason', `${shown.reason}${shown.detail === '' ? '' : `: ${shown.detail}`}`),
    line('appended', shown.appended_at),
    line('producer', shown.producer),
    line('key', shown.key),
    line('headers', JSON.stringify(shown.headers)),
    line('value', hex === null ? 'none' : `${shown.bytes} bytes`),
    ...(hex === null || hex === '' ? [] : [line('hex', `${hex.slice(0, hexCharsMax)}${cut}`)]),
    line('read as', `${read.as}${read.fault === null ? '' : `, up to ${read.fault}`}`),
    ...fields,
    line('as it is', `${replay.outcome === 'replayed' ? '' : `${replay.outcome}: `}${replay.why}`),
    ...(shown.replay_of === null ? [] : [line('replay of', shown.replay_of)]),
    ...shown.failed_again.map((id) => line('failed again', ` ${id}`)),
    ...(happened.length === 0 ? [] : ['what was done:', ...happened]),
  ].join('\n');
}
