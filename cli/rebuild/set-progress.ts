import { setTimeout as pause } from 'node:timers/promises';

import { monotonicMs } from '../../lib/clock.ts';
import {
  type EndsOfTopics,
  type Progress,
  type ProgressReader,
  serviceOf,
} from '../data/progress-of-services.ts';

/** Records that the folds of a set have before them, and those that they have dealt with. */
export interface SetProgress {
  /** On their topics. */
  readonly lag: number;
  /** These, and those that have yet to come onto their topics, as far as that can be told. */
  readonly left: number;
  readonly done: number;
  /** Services none of whose folds has begun. */
  readonly missing: readonly string[];
}

/**
 * What is left of a set: of each fold the records before it, and those that are not on its topic
 * yet but are on the same topic of the set that is current, which holds as many in the end.
 */
export function progressOfSet(
  rows: readonly Progress[],
  services: readonly string[],
  sizes: ReadonlyMap<string, number>,
): SetProgress {
  let lag = 0;
  let left = 0;
  let done = 0;
  const totals = new Map<string, { done: number; left: number; topic: string }>();
  for (const { service, topic, next, lag: own } of rows) {
    if (!services.includes(serviceOf(service))) continue;
    const key = `${service} ${topic}`;
    const total = totals.get(key) ?? { done: 0, left: 0, topic };
    totals.set(key, { topic, done: total.done + next, left: total.left + own });
  }
  for (const total of totals.values()) {
    const toCome = (sizes.get(total.topic) ?? 0) - total.done;
    lag += total.left;
    left += Math.max(total.left, toCome);
    done += total.done;
  }
  const begun = new Set(rows.map(({ service }) => serviceOf(service)));
  return { lag, left, done, missing: services.filter((service) => !begun.has(service)) };
}

const pollMs = 50;
/** From user-events to interactions to signals, each of which is read by others. */
const hops = 2;

/**
 * Waits until the folds of `services` hold everything that came of the records of `user-events`
 * below `offsets`. What one has emitted is on its topic before its offset says so: so the ends are
 * looked at anew after each hop, and are the same while they are waited for. False: not by the
 * deadline.
 */
export async function untilCovered(
  reader: Pick<ProgressReader, 'read'>,
  services: readonly string[],
  { offsets, deadlineMs }: { readonly offsets: readonly number[]; readonly deadlineMs: number },
): Promise<boolean> {
  const until = async (is: (rows: readonly Progress[]) => boolean): Promise<boolean> => {
    const ends: EndsOfTopics = new Map();
    for (;;) {
      if (is((await reader.read(ends)).progress)) return true;
      if (monotonicMs() > deadlineMs) return false;
      await pause(pollMs);
    }
  };
  const hasIngested = (rows: readonly Progress[]): boolean =>
    offsets.every((offset, at) =>
      rows.some(
        ({ service, partition, next }) =>
          service === 'ingest' && partition === at && next >= offset,
      ),
    );
  if (!(await until(hasIngested))) return false;
  // What has come to user-events since is for after the switch.
  const readers = services.filter((service) => service !== 'ingest');
  const isPast = (rows: readonly Progress[]): boolean =>
    rows.every(({ service, lag }) => lag === 0 || !readers.includes(serviceOf(service)));
  for (let hop = 0; hop < hops; hop += 1) if (!(await until(isPast))) return false;
  return true;
}
