import type { RedisPort } from '../redis/redis-port.ts';
import { withoutClosing } from './builds.ts';
import { type CurrentGeneration, replaceCurrent } from './current.ts';
import { failpoint } from './failpoints.ts';
import { closed, closedBy, emptyHeader, formatHeader, opened, parseHeader } from './header.ts';
import { foldKeys } from './keys.ts';
import { waitBy } from './followed.ts';
import { switchMsMax } from './live-generation.ts';
import { realPorts, type RunnerPorts } from './ports.ts';
import type { StateStore } from './store.ts';

export interface SwitchOptions {
  readonly redis: Pick<RedisPort, 'eval'>;
  readonly store: Pick<StateStore, 'load' | 'commit'>;
  readonly prefix: string;
  /** As it was read: it may bear the mark of a switch that was never ended. */
  readonly current: CurrentGeneration;
  readonly to: CurrentGeneration;
  readonly inputs: number;
  /** Of this switch alone. */
  readonly token: string;
  /** Another world than the real one. */
  readonly ports?: Pick<RunnerPorts, 'timers' | 'monotonicMs'>;
}

/** 'overtaken': somebody else has switched, or called this one off. 'late': `to` did not catch up. */
export type Switched = 'switched' | 'overtaken' | 'late';

const pollMs = 20;

/**
 * Puts `to` in the place of the current generation, for all partitions at once and at the same
 * offsets. First the pointer says whose switch it is; then each partition of the generation that is
 * current is closed where it stands; then `to`, which somebody folds meanwhile, is waited for; then
 * the pointer moves, if it still bears this switch's token. Whatever happens in between, one key
 * decides: an owner that waits too long takes the token off, and from then on this cannot end.
 */
export async function switchGenerations(options: SwitchOptions): Promise<Switched> {
  const { redis, prefix, current, to, token } = options;
  const { timers, monotonicMs } = options.ports ?? realPorts;
  const closing: CurrentGeneration = { ...withoutClosing(current), closing: token };
  if (!(await replaceCurrent(redis, prefix, { expected: current, next: closing }))) {
    return 'overtaken';
  }
  const ends: (readonly number[])[] = [];
  for (let partition = 0; partition < current.partitions; partition += 1) {
    ends.push(await closePartition(options, partition));
  }
  const lateMs = monotonicMs() + switchMsMax / 2;
  while (!(await standsAt(options, ends))) {
    if (monotonicMs() > lateMs) {
      await callOff(options, closing);
      return 'late';
    }
    await waitBy(timers, pollMs);
  }
  failpoint('before_switch');
  const moved = await replaceCurrent(redis, prefix, {
    expected: closing,
    next: withoutClosing(to),
  });
  return moved ? 'switched' : 'overtaken';
}

type Closing = Pick<SwitchOptions, 'store' | 'current' | 'inputs' | 'token'>;

/** Nobody commits there any more. Returns where it stands. */
export async function closePartition(
  options: Closing,
  partition: number,
): Promise<readonly number[]> {
  const { store, current, inputs, token } = options;
  const headerKey = foldKeys(current).header(partition);
  for (;;) {
    const [bytes] = await store.load([headerKey]);
    const expected = bytes?.toString() ?? null;
    const text = expected ?? formatHeader(emptyHeader(inputs));
    const next = closed(text, token);
    if ((await store.commit({ headerKey, expected, next, writes: [] })) === 'applied') {
      return parseHeader(text).offsets;
    }
  }
}

async function standsAt(
  { store, to, inputs }: SwitchOptions,
  ends: readonly (readonly number[])[],
): Promise<boolean> {
  const keys = foldKeys(to);
  for (const [partition, end] of ends.entries()) {
    const [bytes] = await store.load([keys.header(partition)]);
    const { offsets } =
      bytes === null || bytes === undefined ? emptyHeader(inputs) : parseHeader(bytes);
    if (offsets.join() !== end.join()) return false;
  }
  return true;
}

/** Its owners would find out by themselves, at their next look. */
async function callOff(options: SwitchOptions, closing: CurrentGeneration): Promise<void> {
  const { redis, prefix } = options;
  const next = withoutClosing(closing);
  if (await replaceCurrent(redis, prefix, { expected: closing, next }))
    await callOffPartitions(options);
}

export async function callOffPartitions({ store, current, token }: Closing): Promise<void> {
  for (let partition = 0; partition < current.partitions; partition += 1) {
    const headerKey = foldKeys(current).header(partition);
    const [bytes] = await store.load([headerKey]);
    const text = bytes?.toString() ?? '';
    if (closedBy(text) !== token) continue;
    await store.commit({ headerKey, expected: text, next: opened(text), writes: [] });
  }
}
