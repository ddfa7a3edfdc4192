import { now } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { openOutbox, type Outbox } from '../../lib/kafka/outbox.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import { type FailedOutcome, failedOutcomeSchema } from '../../schemas/generated/failed-outcome.ts';
import { failedOutcomes } from '../../topics/failed-outcomes.ts';
import { openTopicWriter, type TopicWriter } from '../data/topic-writer.ts';
import { Desk } from './desk.ts';
import { bounded, choose, type Entry, readEntries, readEvents, type Selection } from './entries.ts';
import type { Fix } from './fix.ts';
import { type Histories, readOutcomes } from './outcomes.ts';
import { RawValues } from './raw-values.ts';
import { type Tried, tryOne } from './replay.ts';

export interface Found {
  readonly entries: readonly Entry[];
  readonly histories: Histories;
}

/** What is on failed-events, and what has become of it. */
export async function findAll(config: CommonConfig): Promise<Found> {
  const histories = await readOutcomes(config);
  return { entries: await readEntries(config, histories), histories };
}

export interface Work {
  readonly chosen: readonly Entry[];
  /** Chosen too, and left for the next time. */
  readonly left: number;
}

const bytesMax = 64 * 1024 * 1024;

export function workOn(found: Found, selection: Selection, eventsMax: number): Work {
  const all = choose(found.entries, selection);
  const chosen = bounded(all, { eventsMax, bytesMax });
  return { chosen, left: all.length - chosen.length };
}

/** Whoever names an event should be told that there is nothing to do any more, and why. */
export function refuseSettled(found: Found, ids: readonly string[], cure: string): void {
  const settled = found.entries.find(({ id, state }) => ids.includes(id) && state !== 'open');
  if (settled === undefined) return;
  throw new UserError(`'${settled.id}' is ${settled.state} already${cure}`);
}

/** Reasons why events stay as they are, each with how many and one of them. */
export interface Why {
  readonly why: string;
  readonly count: number;
  readonly example: string;
}

export interface ReplayReport {
  readonly chosen: number;
  /** Sent; in a dry run: would be. */
  readonly replayed: number;
  readonly accepted: number;
  readonly open: number;
  readonly whys: readonly Why[];
  /** Of those that were sent: what keeps a second time from counting. */
  readonly once_by: Readonly<Record<string, number>>;
  readonly results: readonly {
    readonly id: string;
    readonly outcome: string;
    readonly why: string;
  }[];
  /** The first few, with what a fix made of them. */
  readonly shown: readonly Tried[];
}

export interface ReplayOptions {
  readonly fix: Fix | null;
  readonly by: string;
  readonly isDryRun: boolean;
  readonly shownMax: number;
}

const chunkMax = 500;

/**
 * Sends what would be taken now, in the order of the logs, and then writes down what was done. A
 * crash in between leaves events open that were sent: sent again, they count once.
 */
export async function replayAll(
  config: CommonConfig,
  entries: readonly Entry[],
  options: ReplayOptions,
): Promise<ReplayReport> {
  const redis = await openRedis(config.redis);
  try {
    const tools = {
      desk: new Desk(config, redis),
      raw: RawValues.of(config),
      fix: options.fix,
      nowMs: now,
    };
    const sender = options.isDryRun ? null : await openSender(config);
    const events = await readEvents(config, new Set(entries.map(({ id }) => id)));
    const tried: Tried[] = [];
    try {
      for (let at = 0; at < entries.length; at += chunkMax) {
        const chunk: Tried[] = [];
        for (const entry of entries.slice(at, at + chunkMax)) {
          const event = events.get(entry.id);
          if (event !== undefined) chunk.push(await tryOne(entry, event, tools));
        }
        await sender?.send(chunk, options);
        for (const one of chunk)
          tried.push(tried.length < options.shownMax ? one : { ...one, before: null, after: null });
      }
    } finally {
      await sender?.close();
    }
    return reportOf(tried, options.shownMax);
  } finally {
    await redis.close();
  }
}

interface Sender {
  send(tried: readonly Tried[], by: Pick<ReplayOptions, 'by'>): Promise<void>;
  close(): Promise<void>;
}

const openOutcomes = (config: CommonConfig): Promise<TopicWriter<FailedOutcome>> =>
  openTopicWriter<FailedOutcome>(config, { topic: failedOutcomes, schema: failedOutcomeSchema });

async function openSender(config: CommonConfig): Promise<Sender> {
  const outcomes = await openOutcomes(config);
  const outbox: Outbox = await openOutbox(config.kafka);
  return {
    send: async (tried, { by }) => {
      await outbox.send(tried.flatMap(({ fate }) => (fate.kind === 'send' ? [fate.message] : [])));
      await outcomes.send(
        tried.flatMap((one) => {
          const value = outcomeOf(one, by);
          return value === null ? [] : [{ key: value.id, value }];
        }),
      );
    },
    close: async () => {
      await outbox.close();
      await outcomes.close();
    },
  };
}

/** Null: it stays open, and nothing is written about it. */
function outcomeOf({ entry: { id }, fate }: Tried, by: string): FailedOutcome | null {
  if (fate.kind === 'open') return null;
  if (fate.kind === 'accepted')
    return { id, outcome: 'accepted', by, why: fate.why, changes: [], once_by: '' };
  const { changes, onceBy } = fate;
  return { id, outcome: 'replayed', by, why: '', changes: [...changes], once_by: onceBy };
}

function reportOf(tried: readonly Tried[], shownMax: number): ReplayReport {
  const of = (kind: Tried['fate']['kind']): Tried[] =>
    tried.filter(({ fate }) => fate.kind === kind);
  const said = ({ fate }: Tried): string => (fate.kind === 'send' ? '' : fate.why);
  const whys = [...Map.groupBy(tried, said)].filter(([why]) => why !== '');
  const sent = tried.flatMap(({ fate }) => (fate.kind === 'send' ? [fate.onceBy] : []));
  return {
    chosen: tried.length,
    replayed: of('send').length,
    accepted: of('accepted').length,
    open: of('open').length,
    whys: whys
      .map(([why, all]) => ({ why, count: all.length, example: all[0]?.entry.id ?? '' }))
      .sort((a, b) => b.count - a.count),
    once_by: Object.fromEntries(
      [...Map.groupBy(sent, (by) => by)].map(([by, all]) => [by, all.length]),
    ),
    results: tried.map((one) => ({
      id: one.entry.id,
      outcome: one.fate.kind === 'send' ? 'replayed' : one.fate.kind,
      why: said(one),
    })),
    shown: tried.slice(0, shownMax),
  };
}

/** Gives events up, for a reason that is kept. */
export async function dropAll(
  config: CommonConfig,
  entries: readonly Entry[],
  { by, why }: { readonly by: string; readonly why: string },
): Promise<void> {
  const outcomes = await openOutcomes(config);
  try {
    for (let at = 0; at < entries.length; at += chunkMax) {
      const some = entries.slice(at, at + chunkMax);
      await outcomes.send(
        some.map(({ id }) => ({
          key: id,
          value: { id, outcome: 'dropped', by, why, changes: [], once_by: '' },
        })),
      );
    }
  } finally {
    await outcomes.close();
  }
}
