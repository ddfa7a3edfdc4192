import { monotonicMs } from '../clock.ts';
import type { FetchedBatch } from '../kafka/group-consumer.ts';
import type { RunningService, ServiceContext } from '../service.ts';
import { emptyHeader, formatHeader, type Header, parseHeader } from './header.ts';
import { recordHash } from './fold-partition.ts';
import { failpoint } from './failpoints.ts';
import { type Identity, identityOf } from './identity.ts';
import { type FoldKeys, foldKeys } from './keys.ts';
import { type Advance, ownPartitions, type PartitionWorker } from './owners.ts';
import { becomeCurrent, checkMeta, groupIdOf, type Hands, openHands, running } from './hands.ts';
import type { Json, LogRecord } from './topology.ts';

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
  readonly heartbeat: () => Promise<void>;
}

export type TaskResult =
  | {
      readonly kind: 'write';
      readonly writes: readonly { readonly key: string; readonly value: Buffer }[];
    }
  /** Nothing is done yet: the partition pauses and the slice comes again soon. */
  | { readonly kind: 'wait'; readonly why: string };

export async function runTask(
  task: PartitionTask,
  context: ServiceContext,
): Promise<RunningService & { readonly identity: Identity }> {
  const { config } = context;
  const hands = await openHands(config, {
    service: task.name,
    topics: task.topics,
    partitions: config.partitions,
  });
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
    worker: (partition) => new TaskWorker(task, { hands, identity, keys, partition, context }),
  });
  return { ...running(task.name, owners, hands), identity };
}

interface TaskDeps {
  readonly hands: Hands;
  readonly identity: Identity;
  readonly keys: FoldKeys;
  readonly partition: number;
  readonly context: ServiceContext;
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
    const { hands, keys, identity, partition } = this.#deps;
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
    const { partition, context, hands, keys } = this.#deps;
    const { metrics } = context;
    const startedMs = monotonicMs();
    const own = records.slice(0, task.recordsMax);
    const last = own.at(-1);
    if (last === undefined) return { kind: 'done', records: 0 };
    const { topic } = batch;
    const slice = { partition, topic, records: own, heartbeat: () => batch.heartbeat() };
    const result = await task.slice(slice);
    if (result.kind === 'wait') return result;
    const next: Header = {
      ...this.#header,
      offsets: this.#header.offsets.with(input, last.offset + 1),
      hashes: this.#header.hashes.with(input, recordHash(last)),
    };
    const text = formatHeader(next);
    failpoint('before_commit');
    const committed = await hands.store.commit({
      headerKey: keys.header(partition),
      expected: this.#text,
      next: text,
      writes: result.writes.map(({ key, value }) => ({
        key: keys.row(partition, key),
        write: { whole: value },
      })),
    });
    failpoint('after_commit');
    const service = task.name;
    if (committed === 'refused') {
      metrics.add('freshet_slices_total', { service, result: 'refused' });
      return { kind: 'restart' };
    }
    this.#text = text;
    this.#header = next;
    metrics.add('freshet_slices_total', { service, result: 'applied' });
    metrics.observe('freshet_slice_seconds', { service }, (monotonicMs() - startedMs) / 1_000);
    metrics.add('freshet_records_total', { service, outcome: 'accepted' }, own.length);
    task.written?.(slice);
    return { kind: 'done', records: own.length };
  }
}
