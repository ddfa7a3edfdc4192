import { randomUUID } from 'node:crypto';

import type { RunningService, ServiceContext } from '../service.ts';
import { FoldPartition, type SliceResult } from './fold-partition.ts';
import { defaultBounds } from './fold-slice.ts';
import { gateOf } from './ahead-gate.ts';
import { failpoint } from './failpoints.ts';
import type { Identity } from './identity.ts';
import { becomeCurrent, checkMeta, closeHands, groupIdOf, type Hands, running } from './hands.ts';
import { type FoldKeys, foldKeys } from './keys.ts';
import { LiveGeneration } from './live-generation.ts';
import { foldIdentity } from './memory-driver.ts';
import { type Advance, ownPartitions, type Owners, type PartitionWorker } from './owners.ts';
import { type FailureMessage, PoisonMeter } from './poison.ts';
import { realPorts, type RunnerPorts } from './ports.ts';
import { refuseOtherSet } from './topic-sets.ts';
import { type Fold, inputsOf, type LogRecord, openInputs } from './topology.ts';

export interface FoldDeps {
  readonly context: ServiceContext;
  /** Whether the input must have as many partitions as all internal topics have. */
  readonly internalInput: boolean;
  /** Its input is of no set of internal topics: it goes on whichever is current. */
  readonly ofAllSets?: boolean;
  readonly failureMessage: FailureMessage;
  /**
   * Joins under a group that nobody else is in, and so owns every partition at once, whoever else
   * does: for inputs of little volume, where nobody should wait until a dead member is given up.
   */
  readonly freshGroup?: boolean;
  /** Another world than the real one. */
  readonly ports?: RunnerPorts;
}

/**
 * Runs a fold as a member of its consumer group. Returns when the group was asked to join;
 * `ready` says when all its partitions are claimed. Refuses to start where going on would mix
 * states: another partition count, another cluster, another generation that is current.
 */
export async function runFold<In, Row, Out, Shared>(
  fold: Fold<In, Row, Out, Shared>,
  deps: FoldDeps,
): Promise<RunningService & Pick<Owners, 'owns'>> {
  const { context } = deps;
  const { config } = context;
  const topics = inputsOf(fold).map(({ topic }) => topic);
  const ports = deps.ports ?? realPorts;
  const hands = await ports.open(config, {
    service: fold.name,
    topics,
    partitions: deps.internalInput ? config.partitions : null,
  });
  try {
    const identity = foldIdentity(fold, hands.partitions);
    const { bootstrap } = context;
    if (deps.ofAllSets !== true) await refuseOtherSet(hands.redis, config.prefix, fold.name);
    await openInputs(fold);
    await becomeCurrent(hands, config.prefix, { fold, identity, topics, bootstrap });
    const worker = (partition: number): PartitionWorker =>
      foldWorker(fold, { hands, identity, partition, deps });
    const groupId = groupIdOf(config.prefix, fold.name, identity);
    const owners = await ownPartitions({
      service: fold.name,
      group: {
        kafka: { ...config.kafka, clientId: `${config.prefix}.${fold.name}` },
        groupId: deps.freshGroup === true ? `${groupId}.${randomUUID()}` : groupId,
        topics,
        // Of two inputs one waits for the other, paused until the next fetch.
        maxWaitMs: fold.ahead === undefined ? 250 : 150,
        onFatal: context.onFatal,
      },
      admin: hands.admin,
      log: context.log,
      metrics: context.metrics,
      bootstrap: context.bootstrap,
      turns: context.turns,
      worker,
      ports,
    });
    return { ...running(fold.name, owners, hands), owns: owners.owns };
  } catch (error) {
    await closeHands(hands);
    throw error;
  }
}

interface WorkerDeps {
  readonly hands: Hands;
  readonly identity: Identity;
  readonly partition: number;
  readonly deps: FoldDeps;
}

const keysOf = <In, Row, Out, Shared>(
  { code, family }: Fold<In, Row, Out, Shared>,
  { id4 }: Identity,
): FoldKeys => foldKeys({ code, family, id4 });

function stateOf<In, Row, Out, Shared>(
  fold: Fold<In, Row, Out, Shared>,
  { hands, identity, partition, deps }: WorkerDeps,
  keys: FoldKeys,
): FoldPartition<In, Row, Out, Shared> {
  const { config } = deps.context;
  return new FoldPartition(fold, {
    partition,
    identity,
    keys,
    store: {
      ...hands.store,
      commit: async (commit) => {
        failpoint('before_commit');
        const result = await hands.store.commit(commit);
        failpoint('after_commit');
        return result;
      },
    },
    bounds: { ...defaultBounds, recordsMax: config.sliceRecordsMax },
    meter: new PoisonMeter({
      consecutiveMax: config.failedInARowMax,
      inWindowMax: config.failedOf1000Max,
      windowRecords: 1_000,
    }),
    send: async (messages) => {
      if (messages.length === 0) return;
      await hands.outbox.send(messages);
      failpoint('after_emit');
    },
    failureMessage: deps.failureMessage,
  });
}

const liveOf = (
  fold: string,
  { hands: { redis, store }, identity, partition, deps }: WorkerDeps,
): LiveGeneration => {
  const { monotonicMs: clockMs } = deps.ports ?? realPorts;
  const { prefix } = deps.context.config;
  const ofAllSets = deps.ofAllSets === true;
  const common = { redis, store, prefix, fold, identity, partition };
  return new LiveGeneration({ ...common, ofAllSets, clockMs });
};

function foldWorker<In, Row, Out, Shared>(
  fold: Fold<In, Row, Out, Shared>,
  worker: WorkerDeps,
): PartitionWorker {
  const { hands, identity, partition, deps } = worker;
  const { metrics } = deps.context;
  const { monotonicMs } = deps.ports ?? realPorts;
  const { name: service, ahead } = fold;
  const live = liveOf(service, worker);
  let keys = keysOf(fold, identity);
  let state = stateOf(fold, worker, keys);
  const { prefix } = deps.context.config;
  const gate = gateOf(ahead, { hands, prefix, partition });
  const opened = async (input: number, records: readonly LogRecord[]) =>
    input === 0 && gate !== null
      ? records.slice(0, await gate.open(records, state.header.offsets[1] ?? 0))
      : records;
  return {
    header: () => state.header,
    load: async () => {
      const current = await live.find();
      const now = foldKeys(current);
      // Switched: what was kept is of other keys.
      if (now.header(partition) !== keys.header(partition)) {
        keys = now;
        state = stateOf(fold, worker, keys);
      }
      await checkMeta(hands, { service, keys, identity, partition });
      return state.load();
    },
    startAt: (input, offset) => state.startAt(offset, input),
    drop: () => state.drop(),
    advance: async (input, records): Promise<Advance> => {
      const startedMs = monotonicMs();
      const open = await opened(input, records);
      if (open.length === 0) return { kind: 'wait', why: `${ahead?.topic} comes first` };
      await inputsOf(fold)[input]?.prepare(open);
      const result = await state.slice(open, input);
      metrics.observe('freshet_slice_seconds', { service }, (monotonicMs() - startedMs) / 1_000);
      return report(result, deps, { service, topic: fold.emission?.topic ?? '' });
    },
  };
}

/** Counts a slice, and says to the owner what came of it. */
function report(
  result: SliceResult,
  { context }: FoldDeps,
  { service, topic }: { service: string; topic: string },
): Advance {
  const { metrics } = context;
  if (result.kind === 'restart') {
    metrics.add('freshet_slices_total', { service, result: 'restarted' });
    return { kind: 'restart' };
  }
  metrics.add('freshet_slices_total', { service, result: 'applied' });
  metrics.observe('freshet_slice_records', { service }, result.records);
  metrics.add('freshet_units_total', { service }, result.units);
  const failed = result.failures.length;
  let skipped = 0;
  for (const [reason, n] of result.skipped) {
    metrics.add('freshet_skipped_total', { service, reason }, n);
    skipped += n;
  }
  for (const { reason } of result.failures) {
    metrics.add('freshet_failed_events_total', { service, reason });
  }
  const accepted = Math.max(0, result.records - failed - skipped);
  metrics.add('freshet_records_total', { service, outcome: 'accepted' }, accepted);
  metrics.add('freshet_records_total', { service, outcome: 'rejected' }, failed);
  metrics.add('freshet_records_total', { service, outcome: 'skipped' }, skipped);
  if (topic !== '') {
    metrics.add('freshet_emitted_total', { service, topic }, result.emitted - failed);
  }
  return result.full !== null && result.records === 0
    ? { kind: 'full', why: result.full }
    : { kind: 'done', records: result.records };
}
