import { RetryableError } from '../errors.ts';
import type { FetchedBatch } from '../kafka/group-consumer.ts';
import type { ServiceContext } from '../service.ts';
import { type AheadGate, gateOf } from './ahead-gate.ts';
import type { CurrentGeneration } from './current.ts';
import { failpoint } from './failpoints.ts';
import { FoldPartition } from './fold-partition.ts';
import { defaultBounds } from './fold-slice.ts';
import { Followed } from './followed.ts';
import { checkMeta, groupIdOf, type Hands } from './hands.ts';
import { closedBy, opened } from './header.ts';
import { foldKeys } from './keys.ts';
import {
  type Advance,
  ownPartitions,
  type Owners,
  type OwnersOptions,
  type PartitionWorker,
} from './owners.ts';
import { realPorts, type RunnerPorts } from './ports.ts';
import { type FailureMessage, type PoisonLimits, PoisonMeter } from './poison.ts';
import type { StateStore } from './store.ts';
import { type Emission, type Fold, inputsOf, type LogRecord, openInputs } from './topology.ts';

export interface BuildDeps {
  readonly context: ServiceContext;
  readonly hands: Hands;
  readonly generation: CurrentGeneration;
  /** The generation that is current, which a build follows and never passes; null: there is none. */
  readonly follows: CurrentGeneration | null;
  readonly failureMessage: FailureMessage;
  /** Its slices wait for theirs; left out: nobody minds. */
  readonly turns?: OwnersOptions['turns'];
  /** Most records of the next slice, as things are; left out: no other bound than its own. */
  readonly sliceRecords?: () => number;
  /** Another world than the real one. */
  readonly ports?: RunnerPorts;
}

type Restated = { readonly emission: Pick<Emission<never>, 'restated'> | null };

/**
 * Whether a build beside this generation says nothing at all: all that it comes to was emitted under
 * the same identity, or the service publishes by itself what another one comes to.
 */
export const isSilentBeside = (
  { emission }: Restated,
  build: CurrentGeneration,
  current: CurrentGeneration,
): boolean => current.hash === build.hash || emission?.restated === true;

/** The group that a build's owners meet in: the service goes on in its own. */
export const buildGroupOf = (prefix: string, generation: CurrentGeneration): string =>
  `${groupIdOf(prefix, generation.name, generation)}.build-${generation.build ?? 0}`;

const concurrencyMax = 64;

/**
 * Folds a generation beside the one that is current, by the same code. Under the same identity it
 * emits nothing: what lies below the other's offset was acknowledged before that was committed, and
 * past it a build never goes. Nor does one whose service publishes by itself what its state says. Where the state was lost, the group's offset says the same. A build
 * that another process goes on with goes on where its own keys stand.
 */
export async function runBuild<In, Row, Out, Shared>(
  fold: Fold<In, Row, Out, Shared>,
  deps: BuildDeps,
): Promise<Owners> {
  const { context, hands, generation } = deps;
  const { config } = context;
  const topics = inputsOf(fold).map(({ topic }) => topic);
  await openInputs(fold);
  const emitted = await emittedBelow(fold, deps, topics);
  return ownPartitions({
    service: fold.name,
    group: {
      kafka: { ...config.kafka, clientId: `${config.prefix}.${fold.name}.rebuild` },
      groupId: buildGroupOf(config.prefix, generation),
      topics,
      maxWaitMs: 100,
      // One that waits for the generation before it must not keep others waiting.
      concurrency: Math.min(hands.partitions, concurrencyMax),
      onFatal: context.onFatal,
    },
    admin: hands.admin,
    log: context.log,
    metrics: context.metrics,
    // Its group may be older than its keys: those may have been dropped since.
    bootstrap: true,
    worker: (partition) => new BuildWorker(fold, { ...deps, partition, emitted }),
    turns: deps.turns,
    ports: deps.ports ?? realPorts,
  });
}

/** Per input and partition: everything below this was emitted under this identity, or will be. */
type EmittedBelow = (input: number, partition: number) => number;

async function emittedBelow(
  fold: Restated,
  { context, hands, generation, follows }: BuildDeps,
  topics: readonly string[],
): Promise<EmittedBelow> {
  if (follows !== null) return () => (isSilentBeside(fold, generation, follows) ? Infinity : 0);
  const groupId = groupIdOf(context.config.prefix, generation.name, generation);
  const hints = await Promise.all(topics.map((topic) => hands.admin.groupOffsets(groupId, topic)));
  return (input, partition) => hints[input]?.get(partition) ?? 0;
}

export interface BuildWorkerDeps extends BuildDeps {
  readonly partition: number;
  readonly emitted: EmittedBelow;
}

const looksAtTip = 5;
/**
 * Redis writes a slice in one piece, while answers wait: 15 ms for so many records, and 35 (at most
 * 140) for 16,384. Nothing is gained by more: larger ones were built no faster.
 */
const sliceRecordsMax = 4_000;
/** What was folded once is folded again, whatever share of it failed. */
const noLimits: PoisonLimits = {
  consecutiveMax: Infinity,
  inWindowMax: Infinity,
  windowRecords: 1_000,
};

/** One partition of a build. */
export class BuildWorker<In, Row, Out, Shared> implements PartitionWorker {
  readonly #fold: Fold<In, Row, Out, Shared>;
  readonly #deps: BuildWorkerDeps;
  readonly #followed: Followed | null;
  readonly #gate: AheadGate | null;
  readonly #state: FoldPartition<In, Row, Out, Shared>;
  #known: ReadonlySet<number> = new Set();
  #isSilent = true;

  constructor(fold: Fold<In, Row, Out, Shared>, deps: BuildWorkerDeps) {
    const { hands, partition, follows } = deps;
    const inputs = inputsOf(fold).length;
    this.#fold = fold;
    this.#deps = deps;
    this.#followed =
      follows === null
        ? null
        : new Followed(hands.store, follows, { partition, inputs, timers: deps.ports?.timers });
    const { prefix } = deps.context.config;
    this.#gate = follows === null ? gateOf(fold.ahead, { hands, prefix, partition }) : null;
    this.#state = this.#open();
  }

  #open(): FoldPartition<In, Row, Out, Shared> {
    const { context, hands, generation, partition, emitted, failureMessage } = this.#deps;
    const { config } = context;
    return new FoldPartition(this.#fold, {
      partition,
      identity: generation,
      keys: foldKeys(generation),
      store: this.#guarded(hands.store),
      bounds: { ...defaultBounds, recordsMax: Math.min(config.sliceRecordsMax, sliceRecordsMax) },
      meter: new PoisonMeter(
        emitted(0, partition) > 0
          ? noLimits
          : {
              consecutiveMax: config.failedInARowMax,
              inWindowMax: config.failedOf1000Max,
              windowRecords: 1_000,
            },
      ),
      send: async (messages) => {
        if (!this.#isSilent && messages.length > 0) await hands.outbox.send(messages);
      },
      failureMessage,
    });
  }

  /** Of the same identity there is one truth about what failed, and the other has found it. */
  #guarded(store: StateStore): StateStore {
    const { follows, generation, partition } = this.#deps;
    return {
      ...store,
      decide: async (decision) => {
        if (follows?.hash !== generation.hash) return store.decide(decision);
        throw new RetryableError(
          `${generation.name}: the registry does not know the schema of ${decision.offsets.length} ` +
            `records of partition ${partition} any more, which were folded before`,
        );
      },
      commit: async (commit) => {
        const result = await store.commit(commit);
        failpoint('after_commit');
        return result;
      },
    };
  }

  header() {
    return this.#state.header;
  }

  async load(): Promise<boolean> {
    const { hands, generation, partition } = this.#deps;
    const keys = foldKeys(generation);
    await checkMeta(hands, { service: generation.name, keys, identity: generation, partition });
    const headerKey = keys.header(partition);
    const [bytes] = await hands.store.load([headerKey]);
    const text = bytes?.toString() ?? '';
    // It was current once, and is not now: nobody closes it any more.
    if (closedBy(text) !== null) {
      await hands.store.commit({ headerKey, expected: text, next: opened(text), writes: [] });
    }
    await this.#inherit(headerKey);
    return this.#state.load();
  }

  /** What failed for a reason that depends on time stays failed, under any identity. */
  async #inherit(headerKey: string): Promise<void> {
    if (this.#followed === null) return;
    const { hands, generation, partition } = this.#deps;
    const key = foldKeys(generation).decided(partition);
    await this.#followed.look();
    const own = await hands.store.decided(key);
    const offsets = [...this.#followed.decided].filter((offset) => !own.has(offset));
    this.#known = this.#followed.decided;
    if (offsets.length === 0) return;
    const [bytes] = await hands.store.load([headerKey]);
    const expected = bytes?.toString() ?? null;
    if ((await hands.store.decide({ headerKey, expected, key, offsets })) === 'refused')
      throw new RetryableError(`${generation.name}: another process goes on with this build`);
  }

  startAt(input: number, offset: number): void {
    const from = this.#deps.generation.from?.[this.#deps.partition] ?? 0;
    this.#state.startAt(Math.max(offset, from), input);
  }

  drop(): void {
    this.#state.drop();
  }

  async advance(
    input: number,
    records: readonly LogRecord[],
    batch: FetchedBatch,
  ): Promise<Advance> {
    const { partition, emitted } = this.#deps;
    const first = records[0];
    if (first === undefined) return { kind: 'done', records: 0 };
    let open = await this.#allowed(input, records);
    if (open === 'restart') return { kind: 'restart' };
    const silentBelow = emitted(input, partition);
    this.#isSilent = first.offset < silentBelow;
    if (this.#isSilent) open = open.filter(({ offset }) => offset < silentBelow);
    if (open.length === 0 || batch.stale()) return { kind: 'wait', why: 'nothing to follow' };
    const { sliceRecords } = this.#deps;
    if (sliceRecords !== undefined) open = open.slice(0, sliceRecords());
    await inputsOf(this.#fold)[input]?.prepare(open);
    const result = await this.#state.slice(open, input);
    if (result.kind === 'restart') return { kind: 'restart' };
    return result.full !== null && result.records === 0
      ? { kind: 'full', why: result.full }
      : { kind: 'done', records: result.records };
  }

  /** Records that the other generation has folded; its second input comes first here too. */
  async #allowed(
    input: number,
    records: readonly LogRecord[],
  ): Promise<readonly LogRecord[] | 'restart'> {
    const first = records[0]?.offset ?? 0;
    const aheadAt = this.#state.header.offsets[1] ?? 0;
    if (this.#followed === null) {
      if (this.#gate === null || input !== 0) return records;
      return records.slice(0, await this.#gate.open(records, aheadAt));
    }
    if (!(await this.#followed.isPast(first, input, looksAtTip))) return [];
    const { offsets, decided } = this.#followed;
    for (const offset of decided) if (!this.#known.has(offset)) return 'restart';
    if (input === 0 && aheadAt < (offsets[1] ?? 0)) return [];
    return records.filter(({ offset }) => offset < (offsets[input] ?? 0));
  }
}
