import { messageOf, RetryableError } from '../errors.ts';
import type { KafkaAdmin } from '../kafka/admin.ts';
import type { FetchedBatch, GroupConsumer, GroupOptions } from '../kafka/group-consumer.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { pendingOf, type Start, startOf } from './claim.ts';
import type { Header } from './header.ts';
import { OffsetGauges } from './offset-gauges.ts';
import { failedOnce, type Owned, ownedAnew, stoppedText } from './owned.ts';
import type { Cancel, RunnerPorts } from './ports.ts';
import type { LogRecord } from './topology.ts';

/** What moves one partition's state; `advance` is called for one input at a time. */
export interface PartitionWorker {
  header(): Header;
  /** Reads the stored header; false when there is none. */
  load(): Promise<boolean>;
  /** For logs whose beginning is gone, before anything is stored. */
  startAt(input: number, offset: number): void;
  drop(): void;
  /** Deals with the first of `records` (never empty, from the next offset on). */
  advance(input: number, records: readonly LogRecord[], batch: FetchedBatch): Promise<Advance>;
}

export type Advance =
  | { readonly kind: 'done'; readonly records: number }
  /** Another owner moved the offset: read it again and go on from there. */
  | { readonly kind: 'restart' }
  /** Something else must come first; the partition is paused and tried again soon. */
  | { readonly kind: 'wait'; readonly why: string }
  /** Too much poison: the partition stays where it is until somebody starts the service again. */
  | { readonly kind: 'full'; readonly why: string };

export interface OwnersOptions {
  readonly service: string;
  readonly group: Omit<GroupOptions, 'onBatch' | 'onAssigned' | 'pauseOnJoin'>;
  readonly admin: KafkaAdmin;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Start from the beginning where Redis has nothing although the group has progress. */
  readonly bootstrap: boolean;
  readonly worker: (partition: number) => PartitionWorker;
  /** Slices wait for theirs; left out: nobody answers in this process. */
  readonly turns?: { slice(): Promise<void> } | undefined;
  readonly ports: Pick<RunnerPorts, 'join' | 'timers'>;
}

export interface Owners {
  stop(): Promise<void>;
  healthy(): string | null;
  /** Null once every assigned partition is claimed. */
  ready(): string | null;
  /** Whether it is claimed here, as far as is known: a hint, as all owning is. */
  owns(partition: number): boolean;
}

const waitMs = 15;
const hintMs = 1_000;
const lookMs = 5_000;

/**
 * Owns the partitions that the group assigns. States of a partition:
 * paused (from the moment of joining) -> claimed (offset read from Redis, log compared, sought,
 * resumed) -> folding, with pauses while a dependency is away -> lost (another assignment).
 * Safety never rests on who believes to own what: the compare-and-set decides (DESIGN 4.2).
 */
export async function ownPartitions(options: OwnersOptions): Promise<Owners> {
  const run = new Run(options);
  run.group = await options.ports.join({
    ...options.group,
    pauseOnJoin: true,
    onAssigned: (assigned) => run.assigned(assigned),
    onBatch: (batch) => run.batch(batch),
  });
  run.started();
  return { stop: () => run.stop(), healthy: run.healthy, ready: () => run.ready(), owns: run.owns };
}

class Run {
  group: GroupConsumer | null = null;
  readonly #options: OwnersOptions;
  readonly #owned = new Map<number, Owned>();
  readonly #topics: readonly string[];
  readonly #timers = new Set<Cancel>();
  /** Raised with every assignment: what was begun under an older one is abandoned. */
  #epoch = 0;
  #assigned: ReadonlyMap<string, readonly number[]> | null = null;
  readonly #gauges: OffsetGauges;

  constructor(options: OwnersOptions) {
    this.#options = options;
    this.#topics = options.group.topics;
    this.#gauges = new OffsetGauges({ ...options, topics: this.#topics });
  }

  /** The group object exists only after the first join may have happened. */
  started(): void {
    const { timers } = this.#options.ports;
    const flush = (): void => void this.#gauges.flush(this.group);
    this.#timers.add(timers.every(hintMs, flush));
    const look = (): void => this.#owned.forEach((owned, at) => this.#look(at, owned));
    this.#timers.add(timers.every(lookMs, look));
    if (this.#assigned !== null && this.#epoch === 0) this.assigned(this.#assigned);
  }

  owns = (partition: number): boolean => this.#owned.get(partition)?.claimed === true;

  healthy = (): string | null => this.group?.healthy() ?? null;

  ready(): string | null {
    if (this.#epoch === 0) return `${this.#options.service}: joining its group`;
    for (const [partition, { claimed, stopped }] of this.#owned) {
      if (stopped !== null)
        return `${this.#options.service}: partition ${partition} is stopped: ${stopped}`;
      if (!claimed) return `${this.#options.service}: claiming partition ${partition}`;
    }
    return null;
  }

  assigned(assigned: ReadonlyMap<string, readonly number[]>): void {
    this.#assigned = assigned;
    if (this.group === null) return;
    this.#epoch += 1;
    const mine = new Set([...assigned.values()].flat());
    for (const partition of this.#owned.keys()) {
      if (mine.has(partition)) continue;
      this.#owned.get(partition)?.worker.drop();
      this.#owned.delete(partition);
      this.#gauges.forget(partition);
    }
    for (const partition of mine) {
      const worker = (): PartitionWorker => this.#options.worker(partition);
      const owned = ownedAnew(this.#owned.get(partition), worker);
      this.#owned.set(partition, owned);
      this.#later(partition, owned, 0);
    }
  }

  /** Claims (again) after a pause: reads the stored offset, compares the log, seeks, resumes. */
  #later(partition: number, owned: Owned, delayMs: number): void {
    const epoch = this.#epoch;
    const cancel = this.#options.ports.timers.after(delayMs, () => {
      this.#timers.delete(cancel);
      owned.turn = owned.turn.then(() => this.#claim(partition, owned, epoch));
    });
    this.#timers.add(cancel);
  }

  async #claim(partition: number, owned: Owned, epoch: number): Promise<void> {
    const { group } = this;
    const gone = (): boolean => epoch !== this.#epoch || group === null || owned.stopped !== null;
    if (gone()) return;
    const { groupId } = this.#options.group;
    try {
      const stored = await owned.worker.load();
      const starts: Start[] = [];
      for (let input = 0; input < this.#topics.length; input += 1) {
        const topic = this.#topics[input] ?? '';
        const header = stored ? owned.worker.header() : null;
        const storedByNow = (): Promise<boolean> => owned.worker.load();
        const { shortLooks } = owned;
        const claim = { groupId, topic, partition, input, header, storedByNow, shortLooks };
        const start = await startOf({ ...this.#options, ...claim });
        if (!stored) owned.worker.startAt(input, start.offset);
        starts.push(start);
      }
      if (gone()) return;
      owned.claimed = true;
      owned.shortLooks = 0;
      owned.starts.splice(0, starts.length, ...starts);
      this.#topics.forEach((topic, input) => {
        group?.seek(topic, partition, starts[input]?.offset ?? 0);
        group?.resume(topic, partition);
      });
      this.#gauges.paused(partition, false);
    } catch (error) {
      if (!gone()) this.#failed(error, partition, owned);
    }
  }

  batch(batch: FetchedBatch): Promise<void> {
    const owned = this.#owned.get(batch.partition);
    if (owned === undefined || !owned.claimed || owned.stopped !== null) return Promise.resolve();
    const done = owned.turn.then(() => this.#fold(batch, owned));
    owned.turn = done.catch(() => undefined);
    return done;
  }

  async #fold(batch: FetchedBatch, owned: Owned): Promise<void> {
    const { partition, topic } = batch;
    const input = this.#topics.indexOf(topic);
    const epoch = this.#epoch;
    const gone = (): boolean =>
      epoch !== this.#epoch ||
      batch.stale() ||
      !owned.claimed ||
      this.#owned.get(partition) !== owned;
    if (gone()) return;
    try {
      const next = owned.worker.header().offsets[input] ?? 0;
      const { offset: start, verify } = owned.starts[input] ?? { offset: 0, verify: null };
      // Asked for when the state was further: what lies before it would be left out. Or retention
      // has taken that, which the claim finds out.
      if (batch.from > Math.max(next, start)) {
        this.#interrupt({ kind: 'restart' }, partition, owned);
        return;
      }
      owned.starts[input] = { offset: start, verify: null };
      let rest = pendingOf(batch.records, { service: this.#options.service, next, verify });
      while (rest.length > 0 && !gone()) {
        await this.#options.turns?.slice();
        if (gone()) return;
        const advance = await owned.worker.advance(input, rest, batch);
        if (advance.kind !== 'done') {
          if (!gone()) this.#interrupt(advance, partition, owned);
          return;
        }
        owned.retries = 0;
        owned.folded = true;
        rest = rest.slice(advance.records);
        if (!gone()) this.#gauges.folded(batch, owned.worker.header().offsets[input] ?? 0);
        await batch.heartbeat();
      }
      const last = batch.records.at(-1);
      if (rest.length === 0 && last !== undefined) batch.resolve(last.offset);
    } catch (error) {
      owned.worker.drop();
      if (!(error instanceof RetryableError) || !gone()) this.#failed(error, partition, owned);
    }
  }

  #interrupt(advance: Exclude<Advance, { kind: 'done' }>, partition: number, owned: Owned): void {
    const { service, log } = this.#options;
    this.#pause(partition, owned);
    if (advance.kind === 'full') {
      owned.stopped = advance.why;
      this.#gauges.stopped(partition);
      log.error({ service, partition }, stoppedText(service, partition, advance.why));
      return;
    }
    this.#later(partition, owned, advance.kind === 'wait' ? waitMs : 0);
  }

  /**
   * Where no record comes nobody would see that Redis has lost its tail, or that another owner was
   * there: so partitions that had nothing to do are looked at, and claimed again if they moved.
   */
  #look(partition: number, owned: Owned): void {
    const idle = !owned.folded;
    owned.folded = false;
    if (!idle || !owned.claimed) return;
    const epoch = this.#epoch;
    const gone = (): boolean => epoch !== this.#epoch || !owned.claimed;
    const look = async (): Promise<void> => {
      if (gone()) return;
      const before = owned.worker.header().offsets;
      try {
        await owned.worker.load();
      } catch (error) {
        if (!gone()) this.#failed(error, partition, owned);
        return;
      }
      const moved = owned.worker.header().offsets.some((offset, at) => offset !== before[at]);
      if (moved && !gone()) this.#interrupt({ kind: 'restart' }, partition, owned);
    };
    owned.turn = owned.turn.then(look);
  }

  #failed(error: unknown, partition: number, owned: Owned): void {
    if (!(error instanceof RetryableError)) return this.#fatal(error, partition);
    const { service, log } = this.#options;
    this.#pause(partition, owned);
    const delayMs = failedOnce(owned, error);
    this.#options.metrics.add('freshet_slices_total', { service, result: 'retried' });
    log.warn({ service, partition, delayMs }, `paused: ${error.message}`);
    this.#later(partition, owned, delayMs);
  }

  #pause(partition: number, owned: Owned): void {
    owned.claimed = false;
    this.#gauges.paused(partition, true);
    for (const topic of this.#topics) this.group?.pause(topic, partition);
  }

  #fatal(error: unknown, partition: number): void {
    const cause = error instanceof Error ? error : new Error(messageOf(error));
    const { service, log, group } = this.#options;
    log.fatal({ service, partition, err: cause }, cause.message);
    group.onFatal(cause);
  }

  async stop(): Promise<void> {
    for (const cancel of this.#timers) cancel();
    await this.#gauges.flush(this.group);
    // Handlers finish the slice in hand: the group says stale from here on.
    await this.group?.stop();
    this.#epoch += 1;
  }
}
