import { setImmediate as turnOver } from 'node:timers/promises';

import type { OutMessage } from '../../lib/stream/topology.ts';

export interface Sender {
  send(messages: readonly OutMessage[]): Promise<void>;
}

interface Waiting {
  readonly messages: readonly OutMessage[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One send in flight; what comes in the same turn or meanwhile, from the batches of other partitions, goes with the
 * next one. A produce call costs far more than a record in it, so this is what keeps four
 * partitions from waiting for one another's calls. The order of the calls is kept.
 */
export const gathering = (sender: Sender): Sender => {
  let waiting: Waiting[] = [];
  let sending = false;
  const drain = async (): Promise<void> => {
    sending = true;
    // What one fetch brought for several partitions is answered in one turn of the event loop.
    await turnOver();
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await sender.send(batch.flatMap(({ messages }) => messages));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    sending = false;
  };
  return {
    send: (messages) =>
      new Promise<void>((resolve, reject) => {
        waiting.push({ messages, resolve, reject });
        if (!sending) void drain();
      }),
  };
};
