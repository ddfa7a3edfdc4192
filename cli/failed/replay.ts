import { createHash } from 'node:crypto';

import type { OutMessage } from '../../lib/kafka/log-record.ts';
import { unknownSchema } from '../../lib/stream/poison.ts';
import type { FailedEvent } from '../../schemas/generated/failed-event.ts';
import { conform, refuseStrangers } from './conform.ts';
import { type Desk, type Place, whyNot } from './desk.ts';
import { type Entry, replayOfHeader } from './entries.ts';
import { applyFix, type Fields, type Fix, FixFault, type Source } from './fix.ts';
import { type RawValues, usable } from './raw-values.ts';

/** What is to become of one event. Sentences name fields and never hold a value. */
export type Fate =
  | {
      readonly kind: 'send';
      readonly message: OutMessage;
      readonly changes: readonly string[];
      readonly onceBy: 'event_id' | 'position' | 'newest';
    }
  | { readonly kind: 'accepted'; readonly why: string }
  | { readonly kind: 'open'; readonly why: string };

/** An event with a fix tried on it. */
export interface Tried {
  readonly entry: Entry;
  readonly fate: Fate;
  /** What a fix made of it; null: no fix, or it could not be applied. */
  readonly before: Fields | null;
  readonly after: Fields | null;
}

export interface ReplayTools {
  readonly desk: Pick<Desk, 'place'>;
  readonly raw: Pick<RawValues, 'open'>;
  /** Null: as it is. */
  readonly fix: Fix | null;
  readonly nowMs: () => number;
}

/**
 * The broker's clock decides, and it may differ from ours: what would be refused a moment earlier
 * or later is not sent now.
 */
const clocksDifferMsMax = 10_000;

export async function tryOne(
  entry: Entry,
  event: FailedEvent,
  { desk, raw, fix, nowMs }: ReplayTools,
): Promise<Tried> {
  const as = (fate: Fate, fields: Partial<Tried> = {}): Tried => ({
    entry,
    fate,
    before: null,
    after: null,
    ...fields,
  });
  const never = whyNot(event);
  if (never !== null) return as({ kind: 'open', why: never });
  const place = await desk.place(event.stage);
  if (await isGoodByNow(event, place)) return as(goodByNow);
  if (fix === null) return as(await fateOf(event, { place, value: event.value, nowMs: nowMs() }));
  let before: Fields | null = null;
  try {
    const opened = await raw.open(event.value, event.topic, fix.as);
    before = opened.fields;
    refuseStrangers(fix, place.schema);
    const fixed = applyFix(usable(opened, fix.partial === true), fix, sourceOf(entry, event));
    const after = conform(fixed.fields, place.schema);
    const value = place.encode(after);
    const { changes, idFromPosition } = fixed;
    const fate = await fateOf(event, { place, value, nowMs: nowMs(), changes, idFromPosition });
    return as(fate, { before, after });
  } catch (error) {
    // The encoder names the fields that do not fit as a TypeError.
    if (!(error instanceof FixFault || error instanceof TypeError)) throw error;
    return as({ kind: 'open', why: error.message }, { before });
  }
}

const goodByNow: Fate = {
  kind: 'accepted',
  why: 'the log was folded again by settings under which it is good, so it counts where it lies',
};

/** The generation that refused it is gone, and the current one, which read it too, takes it. */
async function isGoodByNow(event: FailedEvent, { judge, current }: Place): Promise<boolean> {
  const { lineage, reason, partition, offset, appended_at: atMs } = event;
  if (lineage === '' || lineage === current.lineage || reason === unknownSchema) return false;
  if (offset < (current.from?.[partition] ?? 0)) return false;
  const { topic, key, value } = event;
  return (await judge({ topic, partition, key, value }, atMs)).verdict.kind === 'accept';
}

interface Wanted {
  readonly place: Place;
  readonly value: Buffer | null;
  readonly nowMs: number;
  readonly changes?: readonly string[];
  readonly idFromPosition?: boolean;
}

async function fateOf(event: FailedEvent, wanted: Wanted): Promise<Fate> {
  const { place, value, nowMs, changes = [], idFromPosition = false } = wanted;
  const message = await place.placed(value, event);
  let eventId: string | null = null;
  for (const atMs of [nowMs - clocksDifferMsMax, nowMs + clocksDifferMsMax]) {
    const { verdict, eventId: found } = await place.judge(message, atMs);
    if (verdict.kind === 'reject')
      return {
        kind: 'open',
        why: `${verdict.reason}: ${verdict.detail}${adviceOn(verdict.reason)}`,
      };
    eventId = found;
  }
  if (eventId !== null && place.remember !== null) {
    if (!(await place.remember(message.partition ?? 0, eventId))) return countedAlready;
  }
  const headers = { ...event.headers, [replayOfHeader]: Buffer.from(idOf(event)) };
  const onceBy = eventId === null ? 'newest' : idFromPosition ? 'position' : 'event_id';
  return { kind: 'send', message: { ...message, headers }, changes, onceBy };
}

const countedAlready: Fate = {
  kind: 'accepted',
  why: 'an event of this id has counted already: the producer sent it again, or it was replayed',
};

const idOf = ({ stage, topic, partition, offset }: FailedEvent): string =>
  `${stage}/${topic}/${partition}/${offset}`;

/** Times are judged by when a record is appended, which for a replay is now. */
const adviceOn = (reason: string): string => {
  if (reason === 'ancient')
    return ' (a replay is appended now, so it only gets older: set the time, for instance to @appended_at)';
  if (reason === 'from_the_future')
    return ' (a replay is appended now: wait until that time, or set it, for instance to @appended_at)';
  return '';
};

const sourceOf = (
  { id }: Entry,
  { appended_at: appendedAtMs, key, headers }: FailedEvent,
): Source => ({
  appendedAtMs,
  positionId: `failed-${createHash('sha256').update(id).digest('hex').slice(0, 32)}`,
  key: key?.toString('utf8') ?? null,
  header: (name) =>
    Object.hasOwn(headers, name) ? (headers[name]?.toString('utf8') ?? null) : null,
});
