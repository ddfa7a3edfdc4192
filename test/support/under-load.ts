import { expect } from 'vitest';

import { foldingServices } from '../../bench/faults/fault-bed.ts';
import { Oracle } from '../../bench/faults/oracle.ts';
import { randomFrom } from '../../bench/faults/random.ts';
import { itemsOfLoad, SteadyLoad } from '../../bench/faults/steady-load.ts';
import { until } from '../../bench/faults/waiting.ts';
import { foldsOf, storedOffsets } from '../../bench/progress.ts';
import { publishItems } from '../../bench/publish.ts';
import type { ServiceProcess } from '../../bench/service-process.ts';
import type { Pipeline } from './pipeline.ts';

/**
 * Without `weights`, whose topic gets few records: a partition whose very first state lies in what a
 * failover loses is taken for lost, as it looks the same.
 */
const services = [...foldingServices, 'serving', 'metrics'];
const folds = foldingServices.flatMap((service) => foldsOf(service));

const eventsPerSecond = 150;
const requestsPerSecond = 20;
const answeredMsMax = 60_000;

/** A pipeline under the steady load of the fault bench, with its judge. */
export interface UnderLoad {
  /** Starts services as one process, and the load; resolves when every partition has state. */
  start(): Promise<ServiceProcess>;
  /** The load begins, or goes on. */
  goOn(): void;
  /** Resolves when ingest has folded so many events more. */
  folded(more: number): Promise<void>;
  /** How far ingest is, all partitions together, as stored with its state; asked until it is said. */
  stored(): Promise<number>;
  /** Ends the load, waits for the services, and finds nothing lost, doubled, unanswered or wrong. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export async function putUnderLoad(pipeline: Pipeline): Promise<UnderLoad> {
  const { bed } = pipeline;
  await publishItems(bed, itemsOfLoad);
  const load = await SteadyLoad.open({ ...bed, kafka: [], random: randomFrom(1) });
  const oracle = new Oracle(bed);
  const goOn = (): void => load.pace(eventsPerSecond, requestsPerSecond);
  const [ingest] = foldsOf('ingest');
  const stored = async (): Promise<number> => {
    if (ingest === undefined) throw new Error('ingest folds nothing');
    let sum = 0;
    // Whoever was connected to a server that is gone hears of it with the next question.
    const said = async (): Promise<boolean> => {
      const offsets = await storedOffsets(bed, ingest);
      sum = offsets.flat().reduce((all, next) => all + next, 0);
      return true;
    };
    await until(said, { withinMs: answeredMsMax, what: 'Redis answers' });
    return sum;
  };
  let running: ServiceProcess | null = null;
  /** Who ends by itself ends the wait. */
  const whileRunning = <T>(work: Promise<T>): Promise<T> =>
    running === null ? work : Promise.race([work, running.ended]);
  return {
    start: async () => {
      running = await pipeline.run(services);
      goOn();
      const begun = async (): Promise<boolean> => {
        const offsets = await Promise.all(folds.map((fold) => storedOffsets(bed, fold)));
        return offsets.every(([first = []]) => first.length > 0 && !first.includes(0));
      };
      const asked = { withinMs: answeredMsMax, what: 'every partition has state' };
      await whileRunning(until(begun, asked));
      return running;
    },
    goOn,
    stored,
    folded: async (more) => {
      const before = await stored();
      const there = async (): Promise<boolean> => (await stored()) >= before + more;
      await whileRunning(until(there, { withinMs: answeredMsMax, what: `${more} events more` }));
    },
    settled: async () => {
      load.pace(0, 0);
      await load.drained();
      await whileRunning(pipeline.caughtUp(foldingServices));
      let counts = await oracle.count(load);
      const answered = async (): Promise<boolean> => {
        counts = await oracle.count(load);
        return counts.unanswered === 0;
      };
      const asked = { withinMs: answeredMsMax, what: 'every request is answered' };
      await whileRunning(until(answered, asked));
      await whileRunning(pipeline.caughtUp(foldingServices));
      expect(counts).toMatchObject({ lost: 0, doubled: 0, unanswered: 0 });
      const report = await pipeline.verify();
      expect(report.differences, JSON.stringify(report)).toBe(0);
    },
    close: () => load.close(),
  };
}
