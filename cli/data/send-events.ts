import { setTimeout as pause } from 'node:timers/promises';

import { monotonicMs } from '../../lib/clock.ts';
import type { UserEvent } from '../../schemas/generated/user-event.ts';
import type { TopicWriter } from './topic-writer.ts';

export interface SendOptions {
  /** Events per second; absent: as fast as the brokers take them. */
  readonly rate?: number;
  /** Called when the brokers have acknowledged them. */
  readonly onSent?: (events: readonly UserEvent[]) => void;
  /** Stops early: what was handed to the brokers is still waited for. */
  readonly signal?: AbortSignal;
}

/** Records of one send; a few sends are made ready while one is on its way. */
const batchMax = 2_000;
const pendingMax = 3;
const tickMs = 20;

/** Sends events in their order, keyed by user. Returns how many were acknowledged. */
export async function sendEvents(
  events: AsyncIterable<readonly UserEvent[]>,
  writer: TopicWriter<UserEvent>,
  options: SendOptions = {},
): Promise<number> {
  const pending: Promise<void>[] = [];
  let sent = 0;
  const send = async (batch: readonly UserEvent[]): Promise<void> => {
    const entries = batch.map((value) => ({ key: value.user_id, value }));
    const done = writer.send(entries).then(() => {
      sent += batch.length;
      options.onSent?.(batch);
    });
    // Looked at below, in order; until then a failure must not count as unhandled.
    done.catch(() => undefined);
    pending.push(done);
    if (pending.length > pendingMax) await pending.shift();
  };
  const paced = options.rate === undefined ? cut(events, batchMax) : pacedBy(events, options.rate);
  for await (const batch of paced) {
    if (options.signal?.aborted === true) break;
    await send(batch);
  }
  await Promise.all(pending);
  return sent;
}

async function* cut(
  events: AsyncIterable<readonly UserEvent[]>,
  max: number,
): AsyncGenerator<readonly UserEvent[]> {
  let batch: UserEvent[] = [];
  for await (const some of events) {
    for (const event of some) {
      batch.push(event);
      if (batch.length < max) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** Each time what is due by now: a slow send is caught up with, up to one full batch at a time. */
async function* pacedBy(
  events: AsyncIterable<readonly UserEvent[]>,
  rate: number,
): AsyncGenerator<readonly UserEvent[]> {
  const startedMs = monotonicMs();
  let given = 0;
  for await (const some of events) {
    for (let at = 0; at < some.length; ) {
      const due = Math.floor(((monotonicMs() - startedMs) * rate) / 1_000) + 1 - given;
      if (due <= 0) {
        await pause(Math.max(tickMs, 1_000 / rate));
        continue;
      }
      const batch = some.slice(at, at + Math.min(due, batchMax));
      at += batch.length;
      given += batch.length;
      yield batch;
    }
  }
}
