import { within } from '../deadline.ts';
import { RetryableError } from '../errors.ts';
import { failpoint } from '../stream/failpoints.ts';
import type { KafkaConfig } from './client.ts';
import { Course, type InFlight } from './course.ts';
import { type FetchedBatch, type GroupConsumer, startGroupConsumer } from './group-consumer.ts';
import type { LogRecord } from './log-record.ts';

/** A fetched batch of one partition, for services without state of their own. */
export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  readonly highWatermark: number;
  readonly records: readonly LogRecord[];
  /**
   * Grows whenever the partition begins anew. Batches of one course are delivered in the order of
   * the log; after one that failed, nothing of its course may be sent any more.
   */
  readonly course: number;
  heartbeat(): Promise<void>;
}

export interface BatchConsumer {
  stop(): Promise<void>;
  healthy(): string | null;
  joined(): boolean;
}

export interface BatchConsumerOptions {
  readonly kafka: KafkaConfig;
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Where a group without progress starts. */
  readonly fromBeginning: boolean;
  readonly maxWaitMs?: number;
  readonly bytesPerPartitionMax?: number;
  /**
   * Resolves when the next batch may come: with nothing when all is done, else with what is still
   * under way of this one. At most `inFlightMax` batches of a partition are under way.
   */
  readonly onBatch: (batch: RecordBatch) => Promise<InFlight | void>;
  readonly onFatal: (error: Error) => void;
}

const retryMs = 500;
const commitMs = 500;
/** Of a stop: for what is under way, and again for saying what was done. */
const finishMsMax = 4_000;
/** Before a group is joined anew: the client tries for longer, though its coordinator has moved. */
const sayMsMax = 1_000;

/**
 * At least once: a batch counts as done when all of it, and of those before it, is done; its offset
 * is committed to the group soon after, and at once where partitions are about to go to others: only
 * who dies leaves something that is done again. A RetryableError pauses the partition for a moment
 * and delivers again what is not done; anything else is a bug and ends the consumer.
 */
export async function startBatchConsumer(
  options: BatchConsumerOptions,
  join: typeof startGroupConsumer = startGroupConsumer,
): Promise<BatchConsumer> {
  const batches = new Batches(options);
  const group = await join({
    ...options,
    onBatch: (batch) => batches.take(batch),
    onAssigned: (assigned) => batches.begin(assigned),
    beforeJoin: () => batches.settle(),
  });
  batches.group = group;
  // Not per batch: an answer would wait for the commit of the one before it.
  const committing = setInterval(() => {
    if (group.joined()) void batches.commit();
  }, commitMs);
  return {
    stop: async () => {
      clearInterval(committing);
      await within(finishMsMax, batches.stop());
      await within(finishMsMax, batches.commit());
      await group.stop();
    },
    healthy: group.healthy,
    joined: group.joined,
  };
}

const keyOf = ({ topic, partition }: { topic: string; partition: number }): string =>
  `${topic}|${partition}`;

class Batches {
  readonly #options: BatchConsumerOptions;
  readonly #courses = new Map<string, Course>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #begun = 0;
  #saying: Promise<void> = Promise.resolve();
  #stopping = false;
  group: GroupConsumer | null = null;

  constructor(options: BatchConsumerOptions) {
    this.#options = options;
  }

  /**
   * Partitions come and go. One that stays begins anew at the first record that is not done: the
   * client would go on after batches that are still under way, and may yet fail.
   */
  begin(assigned: ReadonlyMap<string, readonly number[]>): void {
    for (const course of this.#courses.values()) {
      const { topic, partition } = course;
      if (course.isOpen && assigned.get(topic)?.includes(partition) === true)
        this.group?.seek(topic, partition, course.next());
    }
    this.#courses.clear();
  }

  async take(batch: FetchedBatch): Promise<void> {
    const first = batch.records[0];
    const last = batch.records.at(-1);
    if (first === undefined || last === undefined) return;
    if (this.#stopping) return this.group?.pause(batch.topic, batch.partition);
    const course = this.#courseOf(batch);
    await course.room();
    if (course.broken || batch.stale() || !this.#isCurrent(course)) return;
    const land = course.take(first.offset, last.offset + 1);
    try {
      const inFlight = await this.#options.onBatch({ ...batch, course: course.id });
      // Whatever becomes of it, the next batch is asked for from here.
      if (this.#isCurrent(course)) batch.resolve(last.offset);
      if (inFlight === undefined) land(null);
      else
        inFlight.sent.then(
          () => land(null),
          (error: unknown) => {
            land(error);
            if (error instanceof RetryableError) this.#again(batch, course);
            else this.#options.onFatal(error as Error);
          },
        );
    } catch (error) {
      land(error);
      if (!(error instanceof RetryableError)) throw error;
      this.#again(batch, course);
    }
  }

  #isCurrent(course: Course): boolean {
    return this.#courses.get(keyOf(course)) === course;
  }

  #courseOf(batch: FetchedBatch): Course {
    const known = this.#courses.get(keyOf(batch));
    if (known !== undefined) return known;
    this.#begun += 1;
    const { topic, partition } = batch;
    const course = new Course({ id: this.#begun, topic, partition });
    this.#courses.set(keyOf(batch), course);
    return course;
  }

  /** From the first record on that is not done. */
  #again({ topic, partition }: FetchedBatch, course: Course): void {
    if (course.restarting || this.#stopping || !this.#isCurrent(course)) return;
    course.restarting = true;
    this.group?.pause(topic, partition);
    this.#later(() => {
      if (this.#isCurrent(course)) {
        // Where it is to go on is asked again when it has joined: the client would keep what it is
        // told until the partition comes back some day.
        if (this.group?.joined() !== true) return false;
        this.#courses.delete(keyOf(course));
        this.group.seek(topic, partition, course.next());
      }
      this.group?.resume(topic, partition);
      return true;
    });
  }

  /** Until it says that it is done. */
  #later(act: () => boolean): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!act()) this.#later(act);
    }, retryMs);
    this.#timers.add(timer);
  }

  /** One after the other: one that the client still tries never follows a later, higher one. */
  commit(): Promise<void> {
    this.#saying = this.#saying.then(() => this.#say());
    return this.#saying;
  }

  async #say(): Promise<void> {
    const { group } = this;
    if (group === null) return;
    const courses = [...this.#courses.values()];
    const offsets = courses.flatMap((course) => course.toCommit() ?? []);
    if (offsets.length === 0) return;
    failpoint('before_offset_commit');
    try {
      await group.commit(offsets);
    } catch {
      // Said again next time. Where membership was lost these courses are no more, and the next
      // owner delivers their batches again, as at-least-once says.
      for (const course of courses) course.sayAgain();
    }
  }

  /**
   * Partitions may go to others, who begin where this group was told: what is done is said at once,
   * should the rest take too long, and the rest when it has landed.
   */
  async settle(): Promise<void> {
    await Promise.all([within(sayMsMax, this.commit()), this.#landed()]);
    await within(sayMsMax, this.commit());
  }

  /** What is under way lands, or is delivered again to the next owner. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#landed();
  }

  async #landed(): Promise<void> {
    await Promise.all([...this.#courses.values()].map((course) => course.landed()));
  }
}
