import { randomBytes } from 'node:crypto';

import { monotonicMs, now } from '../../lib/clock.ts';
import { UserError } from '../../lib/errors.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import type { StateStore } from '../../lib/stream/store.ts';
import { type SwitchSetsOptions, switchTopicSets } from '../../lib/stream/switch-sets.ts';
import { readTopicSets, type TopicSet } from '../../lib/stream/topic-sets.ts';
import { type Patience, patiently } from './patiently.ts';

export interface SwitchSetOptions {
  readonly redis: Pick<RedisPort, 'getString' | 'eval'>;
  readonly store: Pick<StateStore, 'load' | 'commit'>;
  /** Of the set that is current. */
  readonly prefix: string;
  readonly next: TopicSet;
  readonly keepMs: number;
  readonly untilLevel: () => Promise<void>;
  readonly covers: SwitchSetsOptions['covers'];
  readonly patience: Patience;
}

const triesMax = 10;

/** How long nothing new came into the current set; null: somebody had switched already. */
export async function switchSet(options: SwitchSetOptions): Promise<number | null> {
  const { patience } = options;
  for (let tries = 0; tries < triesMax; tries += 1) {
    // All of it again: while a dependency was away, what had been read may have become another.
    const result = await patiently(() => trySwitch(options), patience);
    if (typeof result !== 'string') return result;
    patience.say(`not switched yet (${result})`);
  }
  throw new UserError(`not switched in ${triesMax} tries: try again later`);
}

async function trySwitch(options: SwitchSetOptions): Promise<'late' | 'overtaken' | number | null> {
  const { redis, store, prefix, next, keepMs, covers } = options;
  await options.untilLevel();
  const sets = await readTopicSets(redis, prefix);
  if (sets?.current.set === next.set) return null;
  if (sets?.next?.set !== next.set)
    throw new UserError('another set of internal topics is being filled now: start again');
  const ingest = await readCurrent(redis, prefix, 'ingest');
  if (ingest === null)
    throw new UserError('ingest has no current state: `npx freshet rebuild ingest` first');
  const startedMs = monotonicMs();
  const result = await switchTopicSets({
    redis,
    store,
    prefix,
    sets,
    ingest,
    token: randomBytes(6).toString('hex'),
    untilMs: now() + keepMs,
    nowMs: now,
    covers,
  });
  return result === 'switched' ? monotonicMs() - startedMs : result;
}
