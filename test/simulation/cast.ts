import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { type Identity, identityOf } from '../../lib/stream/identity.ts';
import { foldIdentity } from '../../lib/stream/memory-driver.ts';
import type { MemoryLog } from '../../lib/stream/memory-log.ts';
import type { MemoryStore } from '../../lib/stream/memory-store.ts';
import { runFold } from '../../lib/stream/run-fold.ts';
import { type PartitionTask, runTask } from '../../lib/stream/run-task.ts';
import type { StateStore } from '../../lib/stream/store.ts';
import { inputsOf, type OutMessage } from '../../lib/stream/topology.ts';
import { FoldCheck } from './checks.ts';
import { type CountFold, countFold, type Schemas } from './folds.ts';
import { type Host, type HostWorld, portsOf, schemasOf, storeOf } from './host.ts';
import type { Plan } from './plan.ts';
import { allRow, countTask } from './task.ts';

export const [source, emitted, ahead, failed] = ['units', 'counted', 'others', 'failed'] as const;

const failureMessage = (at: { topic: string; partition: number; offset: number }): OutMessage => ({
  topic: failed,
  key: `${at.topic}/${at.partition}/${at.offset}`,
  value: null,
});

const allSchemas: Schemas = { find: async () => undefined, has: () => true };

/** What the processes of a schedule run, and what is compared with it. */
export class Cast {
  readonly #plan: Plan;
  readonly #identity: Identity;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#identity =
      plan.kind === 'task'
        ? taskIdentity(this.#task(nobody), plan.partitions)
        : foldIdentity(this.#first(allSchemas), plan.partitions);
  }

  /** Of the first fold, and of the one that reads what it emits if there is one. */
  checks(log: MemoryLog, store: MemoryStore): readonly [FoldCheck, FoldCheck?] {
    const { kind, partitions, targets } = this.#plan;
    const first = new FoldCheck({
      fold: { name: 'first', code: 'a' },
      identity: this.#identity,
      topics: kind === 'ahead' ? [source, ahead] : [source],
      allRow: kind === 'task' ? allRow : null,
      partitions,
      log,
      store,
    });
    if (kind === 'ahead') return [first];
    const fold = this.#reader(allSchemas);
    const topics = inputsOf(fold).map(({ topic }) => topic);
    const identity = foldIdentity(fold, targets);
    return [
      first,
      new FoldCheck({ fold, identity, topics, allRow: null, partitions: targets, log, store }),
    ];
  }

  /** The very runner, in a process of the simulation: what starts each of its services. */
  starts(host: Host, world: HostWorld, context: ServiceContext): (() => Promise<RunningService>)[] {
    const { kind } = this.#plan;
    const schemas = schemasOf(host, world);
    const ports = portsOf(host, world);
    const fold = (of: CountFold) => (): Promise<RunningService> =>
      runFold(of, {
        context,
        internalInput: false,
        ports,
        failureMessage: ({ record }) => failureMessage(record),
      });
    const first =
      kind === 'task'
        ? () => runTask(this.#task(storeOf(host, world)), context, ports)
        : fold(this.#first(schemas));
    return kind === 'ahead' ? [first] : [first, fold(this.#reader(schemas))];
  }

  #task(store: StateStore): PartitionTask {
    const { targets, recordsMax } = this.#plan;
    return countTask({
      name: 'first',
      code: 'a',
      topic: source,
      target: { topic: emitted, partitions: targets },
      recordsMax,
      store,
      failureMessage: (at) => failureMessage({ topic: source, ...at }),
    });
  }

  #first(schemas: Schemas): CountFold {
    const { kind, targets, cacheBytesMax } = this.#plan;
    const own = { code: 'a', name: 'first', topic: source, cacheBytesMax, schemas };
    const target = { topic: emitted, partitions: targets };
    return countFold(kind === 'ahead' ? { ...own, ahead } : { ...own, target });
  }

  #reader(schemas: Schemas): CountFold {
    const { cacheBytesMax } = this.#plan;
    const { lineage } = this.#identity;
    const [code, name] = ['b', 'reader'];
    return countFold({ code, name, topic: emitted, cacheBytesMax, schemas, lineage });
  }
}

function taskIdentity(task: PartitionTask, partitions: number): Identity {
  const inputs = task.topics.map((topic) => ({ topic, lineage: null }));
  return identityOf({ ...task, partitions, horizonMs: null, inputs });
}

const unused = (): never => {
  throw new Error('this task is only looked at');
};
const nobody: StateStore = {
  load: unused,
  commit: unused,
  decide: unused,
  decided: unused,
  remove: unused,
};
