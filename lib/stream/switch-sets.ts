import type { RedisPort } from '../redis/redis-port.ts';
import type { CurrentGeneration } from './current.ts';
import { failpoint } from './failpoints.ts';
import { switchMsMax } from './live-generation.ts';
import { realPorts, type RunnerPorts } from './ports.ts';
import type { StateStore } from './store.ts';
import { callOffPartitions, closePartition, type Switched } from './switching.ts';
import { replaceTopicSets, switched, type TopicSets } from './topic-sets.ts';

export interface SwitchSetsOptions {
  readonly redis: Pick<RedisPort, 'eval'>;
  readonly store: Pick<StateStore, 'load' | 'commit'>;
  readonly prefix: string;
  /** As they were read: they may bear the mark of a switch that was never ended. */
  readonly sets: TopicSets;
  /** What folds `user-events` for the set that is current. */
  readonly ingest: CurrentGeneration;
  /** Of this switch alone. */
  readonly token: string;
  readonly untilMs: number;
  readonly nowMs: () => number;
  /** Resolves once the next set holds all below these offsets, all its folds; false: not in time. */
  covers(offsets: readonly number[], deadlineMs: number): Promise<boolean>;
  readonly ports?: Pick<RunnerPorts, 'monotonicMs'>;
}

/**
 * Puts the next set in the place of the current one. As in switching.ts one key decides: first it
 * says whose switch this is; then each partition of the current set's `ingest` is closed where it
 * stands, so that nothing more comes into that set; then the next one, which goes on, is waited for
 * until it holds all of that; then the key moves, if it still bears this switch's token.
 */
export async function switchTopicSets(options: SwitchSetsOptions): Promise<Switched> {
  const { redis, store, prefix, sets, ingest, token } = options;
  const { monotonicMs } = options.ports ?? realPorts;
  const closing: TopicSets = { ...sets, closing: token };
  const at = { store, current: ingest, inputs: 1, token };
  const callOff = async (): Promise<void> => {
    const { closing: _, ...open } = closing;
    const isOff = await replaceTopicSets(redis, prefix, { expected: closing, next: open });
    if (isOff) await callOffPartitions(at);
  };
  try {
    if (!(await replaceTopicSets(redis, prefix, { expected: sets, next: closing })))
      return 'overtaken';
    const offsets: number[] = [];
    for (let partition = 0; partition < ingest.partitions; partition += 1)
      offsets.push((await closePartition(at, partition))[0] ?? 0);
    if (!(await options.covers(offsets, monotonicMs() + switchMsMax / 2))) {
      await callOff();
      return 'late';
    }
    failpoint('before_switch');
    const cut = { offsets, atMs: options.nowMs() };
    const next = switched(closing, { cut, untilMs: options.untilMs });
    const moved = await replaceTopicSets(redis, prefix, { expected: closing, next });
    return moved ? 'switched' : 'overtaken';
  } catch (error) {
    // Owners would wait for it until they take it to be dead. Where this fails too, they do.
    await callOff().catch(() => undefined);
    throw error;
  }
}
