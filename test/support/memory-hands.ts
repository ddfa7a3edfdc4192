import type { Hands } from '../../lib/stream/hands.ts';
import type { MemoryStore } from '../../lib/stream/memory-store.ts';
import type { StateStore } from '../../lib/stream/store.ts';
import type { OutMessage } from '../../lib/stream/topology.ts';

/** Everything that is out of a process's reach is a call, which may be late, or the last one. */
export type Call = <T>(work: () => Promise<T>) => Promise<T>;

/** What a generation's owner and its builder hold on to, in memory. */
export function memoryHands(
  own: {
    readonly store: MemoryStore;
    readonly strings: Map<string, string>;
    readonly send: (messages: readonly OutMessage[]) => void;
  },
  call: Call,
): Hands {
  const { strings } = own;
  const store: StateStore = {
    load: (keys) => call(() => own.store.load(keys)),
    commit: (commit) => call(() => own.store.commit(commit)),
    decide: (decision) => call(() => own.store.decide(decision)),
    decided: (key) => call(() => own.store.decided(key)),
    remove: (removal) => call(() => own.store.remove(removal)),
  };
  const redis = {
    getString: (key: string) => call(async () => strings.get(key) ?? null),
    setIfAbsent: (key: string, value: string) =>
      call(async () => !strings.has(key) && strings.set(key, value).size > 0),
    eval: (_: unknown, [key = '']: readonly string[], [expected, next]: readonly string[]) =>
      call(async () => {
        if ((strings.get(key) ?? '') !== expected) return 0;
        strings.set(key, String(next));
        return 1;
      }),
  };
  const outbox = {
    send: (messages: readonly OutMessage[]) => call(async () => own.send(messages)),
  };
  return { store, redis, outbox, partitions: 1, clusterId: 'c' } as unknown as Hands;
}
