import type { FetchedBatch } from '../kafka/group-consumer.ts';
import type { RunningService, ServiceContext } from '../service.ts';
import { emptyHeader, formatHeader, type Header, parseHeader } from './header.ts';
import { recordHash } from './record-hash.ts';
import { failpoint } from './failpoints.ts';
import { type Identity, identityOf } from './identity.ts';
import { type FoldKeys, foldKeys } from './keys.ts';
import { type Advance, ownPartitions, type PartitionWorker } from './owners.ts';
import { becomeCurrent, checkMeta, closeHands, groupIdOf, type Hands, running } from './hands.ts';
import { realPorts, type RunnerPorts } from './ports.ts';
import { refuseOtherSet } from './topic-sets.ts';
import type { Json, LogRecord, OutMessage } from './topology.ts';

/**
 * Work on a partition that is not a pure fold: it reads what others publish and writes rows of its
 * own, whole. Offsets of all its inputs lie in one header, compared and set with the rows, so that
 * an owner that was overtaken writes nothing.
 */
export interface PartitionTask {
  readonly name: string;
  readonly code: string;
  readonly revision: number;
  readonly layout: number;
  readonly config: Json;
  /** Inputs in a fixed order; all have the same number of partitions. */
  readonly topics: readonly string[];
  /** Records of one slice at most. */
  readonly recordsMax: number;
  slice(slice: TaskSlice): Promise<TaskResult>;
  /** Called when the writes of a slice are stored. */
  written?(slice: TaskSlice): void;
}

export interface TaskSlice {
  readonly partition: number;
  readonly topic: string;
  readonly records: readonly LogRecord[];
  readonly own: OwnState;
  readonly heartbeat: () => Promise<void>;
}

/** The task's own state as the slice starts from it. */
export interface OwnState {
  readonly keys: FoldKeys;
  /**
   * Null: none is stored yet. Own rows are only as good as the header read in the same command:
   * with another one beside them, an owner has overtaken this one and the slice is to restart.
   */
  readonly headerText: string | null;
  /** How the task's identity is named in positions of what it emits. */
  readonly lineage: string;
}

export type TaskResult =
  | {
      readonly kind: 'write';
      readonly writes: readonly { readonly key: string; readonly value: Buffer }[];
      /** Keys whose row is to be deleted, none of which is written; left out: none. */
      readonly removes?: readonly string[];
      /**
       * Sent, in this order, and acknowledged before the writes are stored; so a slice that is
       * done again sends again. They carry positions, ascending, which readers compare (DESIGN 4.5).
       */
      readonly emits?: readonly OutMessage[];
    }
  /** Another owner was found to have moved the offset. */
  | { readonly kind: 'restart' }
  /** Nothing is done yet: the partition pauses and the slice comes again soon. */
  | { readonly kind: 'wait'; readonly why: string };

export async function runTask(
  task: PartitionTask,
  context: ServiceContext,
  ports: RunnerPorts = realPorts,
): Promise<
  RunningService & { readonly identity: Identity; readonly owns: (partition: number) => boolean }
> {
  const { config } = context;
  const hands = await ports.open(config, {
    service: task.name,
    topics: task.topics,
    partitions: config.partitions,
  });
  try {
    await refuseOtherSet(hands.redis, config.prefix, task.name);
    const identity = identityOf({
      ...task,
      partitions: hands.partitions,
      horizonMs: null,
      inputs: task.topics.map((topic) => ({ topic, lineage: null })),
    });
    const fold = { name: task.name, code: task.code, family: 'user' as const, horizon: null };
    const { topics } = task;
    const { bootstrap } = context;
    await becomeCurrent(hands, config.prefix, { fold, identity, topics, bootstrap });
    const keys = foldKeys({ ...fold, id4: identity.id4 });
    const owners = await ownPartitions({
      service: task.name,
      group: {
        kafka: { ...config.kafka, clientId: `${config.prefix}.${task.name}` },
        groupId: groupIdOf(config.prefix, task.name, identity),
        topics: task.topics,
        // A paused partition is fetched again only with the next fetch: short, so that it is soon.
        maxWaitMs: 50,
        onFatal: context.onFatal,
      },
      admin: hands.admin,
      log: context.log,
      metrics: context.metrics,
      bootstrap: context.bootstrap,
      turns: context.turns,
      worker: (partition) =>
        new TaskWorker(task, { hands, identity, keys, partition, context, ports }),
      ports,
    });
    return { ...running(task.name, owners, hands), identity, owns: owners.owns };
  } catch (error) {
    await closeHands(hands);
    throw error;
  }
}

interface TaskDeps {
  readonly hands: Hands;
  readonly identity: Identity;
  readonly keys: FoldKeys;
  readonly partition: number;
  readonly context: ServiceContext;
  readonly ports: RunnerPorts;
}

class TaskWorker implements PartitionWorker {
  readonly #task: PartitionTask;
  readonly #deps: TaskDeps;
  #text: string | null = null;
  #header: Header;

  constructor(task: PartitionTask, deps: TaskDeps) {
    this.#task = task;
    this.#deps = deps;
    this.#header = emptyHeader(task.topics.length);
  }

  header(): Header {
    return this.#header;
  }

  async load(): Promise<boolean> {
    const { hands, keys, identity, partition, context } = this.#deps;
    await refuseOtherSet(hands.redis, context.config.prefix, this.#task.name);
    await checkMeta(hands, { service: this.#task.name, keys, identity, partition });
    const [bytes] = await hands.store.load([keys.header(partition)]);
    this.#text = bytes?.toString() ?? null;
    this.#header =
      this.#text === null ? emptyHeader(this.#task.topics.length) : parseHeader(this.#text);
    return this.#text !== null;
  }

  startAt(input: number, offset: number): void {
    if (this.#text !== null) return;
    this.#header = { ...this.#header, offsets: this.#header.offsets.with(input, offset) };
  }

  drop(): void {
    // Nothing is kept across slices but the header, which the next load reads again.
  }

  async advance(
    input: number,
    records: readonly LogRecord[],
    batch: FetchedBatch,
  ): Promise<Advance> {
    const task = this.#task;
    const { partition, context, keys, ports } = this.#deps;
    const { metrics } = context;
    const startedMs = ports.monotonicMs();
    const own = records.slice(0, task.recordsMax);
    const last = own.at(-1);
    if (last === undefined) return { kind: 'done', records: 0 };
    const { topic } = batch;
    const { lineage } = this.#deps.identity;
    const slice = {
      partition,
      topic,
      records: own,
      own: { keys, headerText: this.#text, lineage },
      heartbeat: () => batch.heartbeat(),
    };
    const result = await task.slice(slice);
    if (result.kind === 'restart') return this.#refused('restarted');
    if (result.kind === 'wait') return result;
    await this.#emit(result.emits ?? []);
    const next: Header = {
      ...this.#header,
      offsets: this.#header.offsets.with(input, last.offset + 1),
      hashes: this.#header.hashes.with(input, recordHash(last)),
    };
    const service = task.name;
    if ((await this.#commit(next, result)) === 'refused') return this.#refused('refused');
    metrics.add('freshet_slices_total', { service, result: 'applied' });
    metrics.observe(
      'freshet_slice_seconds',
      { service },
      (ports.monotonicMs() - startedMs) / 1_000,
    );
    metrics.add('freshet_records_total', { service, outcome: 'accepted' }, own.length);
    task.written?.(slice);
    return { kind: 'done', records: own.length };
  }

  async #commit(
    header: Header,
    { writes: rows, removes: gone = [] }: Extract<TaskResult, { kind: 'write' }>,
  ): Promise<'applied' | 'refused'> {
    const { partition, hands, keys } = this.#deps;
    const next = formatHeader(header);
    const writes = rows.map(({ key, value }) => ({
      key: keys.row(partition, key),
      write: { whole: value },
    }));
    const removes = gone.map((key) => keys.row(partition, key));
    failpoint('before_commit');
    const commit = {
      headerKey: keys.header(partition),
      expected: this.#text,
      next,
      writes,
      removes,
    };
    const committed = await hands.store.commit(commit);
    failpoint('after_commit');
    if (committed === 'refused') return committed;
    this.#text = next;
    this.#header = header;
    return committed;
  }

  #refused(result: 'refused' | 'restarted'): Advance {
    const { metrics } = this.#deps.context;
    metrics.add('freshet_slices_total', { service: this.#task.name, result });
    return { kind: 'restart' };
  }

  async #emit(messages: readonly OutMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const { hands, context } = this.#deps;
    await hands.outbox.send(messages);
    failpoint('after_emit');
    for (const { topic } of messages)
      context.metrics.add('freshet_emitted_total', { service: this.#task.name, topic });
  }
}
