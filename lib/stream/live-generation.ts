import { RefusedError, RetryableError } from '../errors.ts';
import type { RedisPort } from '../redis/redis-port.ts';
import { type CurrentGeneration, isSame, readCurrent, replaceCurrent } from './current.ts';
import { closedBy, opened } from './header.ts';
import type { Identity } from './identity.ts';
import { foldKeys } from './keys.ts';
import type { StateStore } from './store.ts';
import { refuseOtherSet, replaceTopicSets, type TopicSets } from './topic-sets.ts';

export interface LiveGenerationOptions {
  readonly redis: Pick<RedisPort, 'getString' | 'eval'>;
  readonly store: Pick<StateStore, 'load' | 'commit'>;
  readonly prefix: string;
  readonly fold: string;
  readonly identity: Identity;
  readonly partition: number;
  /** Its input is of no set of internal topics: it goes on whichever is current. */
  readonly ofAllSets: boolean;
  /** Milliseconds that never go back. */
  readonly clockMs: () => number;
}

/** A switch takes moments. Whoever began it and did not end it by then is taken to be dead. */
export const switchMsMax = 30_000;

/**
 * Which keys a partition is folded into: those that `current` names. A switch closes partitions of
 * the generation before it, so that its owner is refused at the next commit, asks here, and goes
 * on with the one after it from the same offset. Nobody has to be told.
 */
export class LiveGeneration {
  readonly #options: LiveGenerationOptions;
  #waiting: { readonly token: string; readonly sinceMs: number } | null = null;

  constructor(options: LiveGenerationOptions) {
    this.#options = options;
  }

  /** Throws RetryableError while a switch is under way, RefusedError where going on would be wrong. */
  async find(): Promise<CurrentGeneration> {
    const { redis, store, prefix, fold, partition } = this.#options;
    const { current: before } = await this.#pointers();
    const headerKey = foldKeys(before).header(partition);
    const [bytes] = await store.load([headerKey]);
    const text = bytes?.toString() ?? '';
    const token = closedBy(text);
    if (token === null) {
      this.#waiting = null;
      return before;
    }
    // Read after the header: a switch says whose it is before it closes anything, so that what does
    // not say so now never will.
    const { current, sets } = await this.#pointers();
    if (!isSame(current, before))
      throw new RetryableError(`${fold}: another generation has just taken over`);
    const { closing, ...open } = current;
    const change = { expected: current, next: open };
    if (token === closing) await this.#wait(token, () => replaceCurrent(redis, prefix, change));
    if (sets !== null && token === sets.closing) {
      const { closing: _, ...goesOn } = sets;
      const setsChange = { expected: sets, next: goesOn };
      await this.#wait(token, () => replaceTopicSets(redis, prefix, setsChange));
    }
    // Whoever closed it has given up, or was given up: its token is never current again.
    await store.commit({ headerKey, expected: text, next: opened(text), writes: [] });
    this.#waiting = null;
    return current;
  }

  async #pointers(): Promise<{
    readonly current: CurrentGeneration;
    readonly sets: TopicSets | null;
  }> {
    const { redis, prefix, fold, identity, ofAllSets } = this.#options;
    const sets = ofAllSets ? null : await refuseOtherSet(redis, prefix, fold);
    const current = await readCurrent(redis, prefix, fold);
    if (current === null) throw new RefusedError(notCurrent(fold));
    if (current.hash !== identity.hash) throw new RefusedError(replacedBy(fold, identity, current));
    return { current, sets };
  }

  /** Returns once the switch is called off, which is decided by one key: it cannot end after that. */
  async #wait(token: string, callOff: () => Promise<boolean>): Promise<void> {
    const { fold, clockMs } = this.#options;
    if (this.#waiting?.token !== token) this.#waiting = { token, sinceMs: clockMs() };
    const waitedMs = clockMs() - this.#waiting.sinceMs;
    if (waitedMs > switchMsMax && (await callOff())) return;
    throw new RetryableError(`${fold}: another generation is about to take over`);
  }
}

const notCurrent = (fold: string): string =>
  `${fold}: no generation of its state is current any more: state was lost, or reset under a ` +
  `service that runs. Stop it and fold the log again: \`npx freshet rebuild ${fold}\``;

const replacedBy = (fold: string, { lineage }: Identity, current: CurrentGeneration): string =>
  `${fold}: a generation of another identity is current now (${current.lineage}, not ${lineage}). ` +
  'Start the service with the settings that it was built with';
