import type { Generation } from '../../lib/stream/generations.ts';
import type { StateStore } from '../../lib/stream/store.ts';
import type { PersonalModel } from '../../retrieval/personal-models.ts';
import { decodeCandidatesHead } from '../../schemas/packed/candidates.ts';
import { chunksOf } from './candidates.ts';
import { makeLists } from './lists.ts';
import type { LiveWork } from './live-work.ts';
import { OpenedHere } from './opened.ts';
import { RecentUsers } from './recent-users.ts';
import type { CandidatesOptions } from './topology.ts';
import {
  decodeWarmMarks,
  encodeWarmMarks,
  type Scope,
  type WarmMark,
  warmMarksKey,
} from './warm-marks.ts';

/** The log of interactions, as far as warming asks it. */
export interface WarmLog {
  /** Per partition: the first interaction of the last so many days, and the end. */
  since(days: number): Promise<readonly { readonly from: number; readonly end: number }[]>;
  /** Ends of what learners read, per partition. */
  signalEnds(): Promise<readonly number[]>;
  /** Users of a part of a partition, in its order, as each fetch brings them. */
  users(
    partition: number,
    part: { readonly from: number; readonly end: number },
  ): AsyncIterable<readonly string[]>;
}

export interface WarmingOptions {
  /** By which slices make lists. */
  readonly lists: CandidatesOptions;
  readonly scopeOf: (version: string) => Scope;
  readonly store: Pick<StateStore, 'commit'>;
  readonly owns: (partition: number) => boolean;
  readonly log: WarmLog;
  readonly live: LiveWork;
  readonly pause: (ms: number) => Promise<void>;
  readonly clockMs: () => number;
  readonly counted: {
    left(version: string, users: number): void;
    forget(version: string): void;
  };
}

/** Lists that are made without a look whether a live slice waits: some ten milliseconds. */
const usersAtOnce = 8;
const headsAtOnce = 256;
const listHeadBytes = 24;
/** Users of a partition that are remembered while their lists are made: some 100 MB. */
const usersMax = 1_000_000;
/** How long a gap between two slices is waited for. */
const gapMsMax = 200;
/** Of the time, while live slices come, one part in five; else half. */
const restTimesBusy = 4;
const restMsMax = 2_000;
const waitMs = 500;
const markEveryMs = 2_000;
const refusedMax = 20;

export interface WarmJob {
  readonly partition: number;
  readonly own: Generation;
  readonly models: readonly PersonalModel[];
  readonly part: { readonly from: number; readonly end: number };
  /** Per version: lists made before are made again. */
  readonly fromMs: ReadonlyMap<string, number>;
  /** Partitions of this process that come after it. */
  readonly partitionsAfter: number;
}

/**
 * Makes the lists that users of one partition lack. Every write compares the header, as a slice
 * does, but leaves it as it is: a live slice that is stored in between makes it be refused and
 * done again, and is never refused for it. What is there already is passed over, so whoever takes
 * over, or begins again, goes on.
 */
export class PartitionWarming {
  readonly #job: WarmJob;
  readonly #options: WarmingOptions;
  readonly #goesOn: () => boolean;
  #markedMs = -Infinity;

  constructor(job: WarmJob, options: WarmingOptions, stopped: () => boolean) {
    this.#job = job;
    this.#options = options;
    this.#goesOn = () => !stopped() && options.owns(job.partition);
  }

  async run(): Promise<void> {
    if (!(await this.#mark({ users: null, left: null, isDone: false }))) return;
    const users = await this.#activeUsers();
    if (users === null) return;
    let left = users.length;
    for (const batch of chunksOf(users, headsAtOnce)) {
      for (const { model, due } of await this.#dueUsers(batch, this.#job.models)) {
        for (const chunk of chunksOf(due, usersAtOnce))
          if (!(await this.#make(model, chunk))) return;
      }
      left -= batch.length;
      if (!(await this.#progress(users.length, left))) return;
    }
    await this.#mark({ users: users.length, left: 0, isDone: true });
  }

  /** Newest first; null: the partition is another's by now. */
  async #activeUsers(): Promise<readonly string[] | null> {
    const { log, lists, clockMs } = this.#options;
    const { partition, part } = this.#job;
    const users = new RecentUsers(usersMax);
    if (part.from < part.end && lists.config.warmDays > 0) {
      let startedMs = clockMs();
      for await (const acted of log.users(partition, part)) {
        for (const user of acted) users.acted(user);
        if (!this.#goesOn()) return null;
        await this.#rest(clockMs() - startedMs);
        startedMs = clockMs();
      }
    }
    return users.newestFirst();
  }

  /** Those of a batch for whom a version's list is wanted and not there. */
  async #dueUsers(
    batch: readonly string[],
    models: readonly PersonalModel[],
  ): Promise<readonly { readonly model: PersonalModel; readonly due: readonly string[] }[]> {
    const { own, partition, fromMs } = this.#job;
    const { redis, models: known, nowMs } = this.#options.lists;
    const atMs = nowMs();
    const wanted = models.flatMap((model) =>
      batch
        .filter((user) => known.wants(model.version, user, atMs))
        .map((user) => ({ model, user })),
    );
    const heads = await redis.getRanges(
      wanted.map(({ model, user }) => ({
        key: own.keys.row(partition, model.listPrefix + user),
        start: 0,
        end: listHeadBytes - 1,
      })),
    );
    const due = wanted.filter(({ model }, at) => {
      const head = heads[at];
      if (head === undefined || head.length === 0) return true;
      return decodeCandidatesHead(head).computedAtMs < (fromMs.get(model.version) ?? 0);
    });
    return models.map((model) => ({
      model,
      due: due.filter((one) => one.model === model).map(({ user }) => user),
    }));
  }

  /** False: the partition is another's by now. */
  async #make(model: PersonalModel, users: readonly string[]): Promise<boolean> {
    const { live, clockMs, pause, lists } = this.#options;
    let due = users;
    for (;;) {
      await live.gap(gapMsMax);
      if (!this.#goesOn()) return false;
      // Nobody wants it any more: the next round sees what is left of it.
      if (!lists.models.personal().includes(model)) return true;
      const startedMs = clockMs();
      const made = due.length === 0 ? 'done' : await this.#try(model, due);
      await this.#rest(clockMs() - startedMs);
      if (made === 'done') return true;
      if (made === 'wait') await pause(waitMs);
      // What a live slice has stored in between is newer.
      due = (await this.#dueUsers(users, [model])).flatMap((one) => one.due);
    }
  }

  async #try(model: PersonalModel, users: readonly string[]): Promise<'done' | 'again' | 'wait'> {
    const { lists, store } = this.#options;
    const { own, partition } = this.#job;
    const headerKey = own.keys.header(partition);
    const [header = null] = await lists.redis.mget([headerKey]);
    const headerText = header?.toString() ?? null;
    if (headerText === null) return 'wait';
    const slice = {
      partition,
      topic: '',
      records: [],
      own: { keys: own.keys, headerText, lineage: own.current.lineage },
      heartbeat: async () => undefined,
    };
    const acts = new Map(users.map((user) => [user, []]));
    const opened = new OpenedHere(0);
    const result = await makeLists(slice, acts, { options: lists, opened, from: 0, only: [model] });
    if (result.kind !== 'write') return result.kind === 'wait' ? 'wait' : 'again';
    if (result.writes.length === 0) return 'done';
    const writes = result.writes.map(({ key, value }) => ({
      key: own.keys.row(partition, key),
      write: { whole: value },
    }));
    const commit = { headerKey, expected: headerText, next: headerText, writes };
    return (await store.commit(commit)) === 'applied' ? 'done' : 'again';
  }

  async #progress(users: number, left: number): Promise<boolean> {
    const { counted, clockMs } = this.#options;
    const { models, partitionsAfter } = this.#job;
    for (const { version } of models) counted.left(version, left + users * partitionsAfter);
    if (!this.#goesOn()) return false;
    if (clockMs() - this.#markedMs < markEveryMs) return true;
    return this.#mark({ users, left, isDone: false });
  }

  async #mark(stands: Pick<WarmMark, 'users' | 'left' | 'isDone'>): Promise<boolean> {
    const { lists, scopeOf, clockMs } = this.#options;
    const { models, fromMs } = this.#job;
    // As it was when the work began: who is wanted since then is looked for in another round.
    this.#scopes ??= new Map(models.map(({ version }) => [version, scopeOf(version)]));
    const scopes = this.#scopes;
    const own = models.map(
      ({ version }): WarmMark => ({
        version,
        scope: scopes.get(version) ?? [],
        days: lists.config.warmDays,
        fromMs: fromMs.get(version) ?? 0,
        ...stands,
      }),
    );
    const versions = new Set(models.map(({ version }) => version));
    this.#markedMs = clockMs();
    return writeMarks(this.#job, this.#options, (marks) => [
      ...marks.filter(({ version }) => !versions.has(version)),
      ...own,
    ]);
  }

  #scopes: ReadonlyMap<string, Scope> | null = null;

  async #rest(workedMs: number): Promise<void> {
    const { live, pause } = this.#options;
    const times = live.isBusy() ? restTimesBusy : 1;
    await pause(Math.min(restMsMax, Math.max(1, workedMs * times)));
  }
}

/** False: another owner moves the header again and again, so the partition is most likely its own. */
export async function writeMarks(
  { own, partition }: Pick<WarmJob, 'own' | 'partition'>,
  { lists, store, pause }: Pick<WarmingOptions, 'lists' | 'store' | 'pause'>,
  change: (marks: readonly WarmMark[]) => readonly WarmMark[],
): Promise<boolean> {
  const headerKey = own.keys.header(partition);
  const key = own.keys.row(partition, warmMarksKey);
  for (let tries = 0; tries < refusedMax; tries += 1) {
    const [header = null, stored = null] = await lists.redis.mget([headerKey, key]);
    if (header === null) return false;
    const expected = header.toString();
    const value = encodeWarmMarks(change(decodeWarmMarks(stored)));
    const writes = [{ key, write: { whole: value } }];
    if ((await store.commit({ headerKey, expected, next: expected, writes })) === 'applied')
      return true;
    await pause(1);
  }
  return false;
}
