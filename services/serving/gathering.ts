import { setImmediate as turnOver } from 'node:timers/promises';

import { RetryableError } from '../../lib/errors.ts';
import type { OutMessage } from '../../lib/stream/topology.ts';

export interface Sender {
  send(messages: readonly OutMessage[]): Promise<void>;
}

/** Sends of one partition of requests, from where it was begun (lib/kafka/batch-consumer.ts). */
export interface Lane {
  readonly partition: number;
  readonly course: number;
}

export interface LaneSender {
  send(messages: readonly OutMessage[], lane: Lane): Promise<void>;
}

interface Waiting {
  readonly messages: readonly OutMessage[];
  readonly lane: Lane;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One send in flight; what comes in the same turn or meanwhile, from the batches of other partitions, goes with the
 * next one. A produce call costs far more than a record in it, so this is what keeps four
 * partitions from waiting for one another's calls. The order of the calls is kept.
 *
 * Batches of a partition follow one another without waiting for acknowledgements. So what comes
 * after a send that failed is refused until its partition begins anew: readers of exposures would
 * else see a higher position first, and pass by those that are sent again.
 */
export const gathering = (sender: Sender): LaneSender => {
  let waiting: Waiting[] = [];
  let sending = false;
  /** Per partition the last course in which a send failed. */
  const closed = new Map<number, number>();
  const isClosed = ({ partition, course }: Lane): boolean => course <= (closed.get(partition) ?? 0);
  const takeWaiting = (): Waiting[] => {
    const refused = waiting.filter(({ lane }) => isClosed(lane));
    const open = waiting.filter(({ lane }) => !isClosed(lane));
    waiting = [];
    for (const { reject } of refused)
      reject(new RetryableError('what goes before could not be sent'));
    return open;
  };
  const drain = async (): Promise<void> => {
    sending = true;
    // What one fetch brought for several partitions is answered in one turn of the event loop.
    await turnOver();
    while (waiting.length > 0) {
      const batch = takeWaiting();
      try {
        await sender.send(batch.flatMap(({ messages }) => messages));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { lane, reject } of batch) {
          closed.set(lane.partition, Math.max(lane.course, closed.get(lane.partition) ?? 0));
          reject(error);
        }
      }
    }
    sending = false;
  };
  return {
    send: (messages, lane) =>
      new Promise<void>((resolve, reject) => {
        waiting.push({ messages, lane, resolve, reject });
        if (!sending) void drain();
      }),
  };
};
