import type { CommonConfig } from '../../lib/config/common.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { inputsOf } from '../../lib/stream/topology.ts';
import { describeValue } from './describe.ts';
import type { FailedOnTopic } from './failures.ts';
import type { VerifiedFold } from './folds.ts';
import { PartitionOfBoth } from './partition-of-both.ts';
import { Findings, type ServiceReport } from './report.ts';
import type { StoredPartition } from './stored.ts';

export interface BothRun {
  readonly config: CommonConfig;
  readonly verified: VerifiedFold;
  readonly stored: readonly StoredPartition[];
  /** Per input, in the order of the header. */
  readonly ends: readonly { readonly low: readonly number[]; readonly high: readonly number[] }[];
  readonly failed: FailedOnTopic;
}

/**
 * Folds a fold of two inputs again. Its result is a function of both logs up to the offsets of a
 * header, so at each stored one both are brought to exactly there, the second input first.
 */
export async function refoldBoth(run: BothRun): Promise<ServiceReport> {
  const { verified, ends, config, failed } = run;
  const { fold, current } = verified;
  const inputs = inputsOf(fold);
  const findings = new Findings();
  const partitions = run.stored.map(
    (stored) =>
      new PartitionOfBoth({
        fold,
        stored,
        findings,
        lows: ends.map(({ low }) => low[stored.partition] ?? 0),
        stayFailed: inputs.map(({ topic }) =>
          failed.stayFailed(fold.name, topic, stored.partition),
        ),
        describe: (bytes) => describeValue(fold.name, bytes, config.types),
      }),
  );
  await readBoth(run, partitions);
  for (const partition of partitions) partition.finish();
  const cut = (id: string): boolean => outOfReach(run, id);
  const judge = { stage: fold.name, lineage: current.lineage };
  let failures = 0;
  for (const partition of partitions) {
    for (const failure of partition.failed) {
      failures += 1;
      const { required } = failure;
      failed.expect(judge, failure, { required, findings });
    }
  }
  failed.unexpected(judge, findings, cut);
  const sum = (of: (partition: PartitionOfBoth) => number): number =>
    partitions.reduce((total, partition) => total + of(partition), 0);
  const cuts = ends.flatMap(({ low }) =>
    low.flatMap((offset, partition) => (offset > 0 ? [[partition, offset] as const] : [])),
  );
  return {
    service: fold.name,
    lineage: current.lineage,
    offsets: run.stored.map(({ before }) => before?.offsets[0] ?? -1),
    verifiedFrom: Object.fromEntries(cuts),
    records: sum(({ records }) => records),
    values: sum(({ values }) => values),
    emissions: 0,
    failures,
    differences: findings.count,
    notComparable: sum(({ notComparable }) => notComparable),
    examples: findings.examples,
  };
}

/** Reads from whichever log a partition waits for; what is too early for it waits in memory. */
async function readBoth(
  { verified, ends, config }: BothRun,
  partitions: readonly PartitionOfBoth[],
): Promise<void> {
  const { kafka } = config;
  const inputs = inputsOf(verified.fold);
  const logs = inputs.map(({ topic }, input) =>
    readLog({ kafka, topic, to: ends[input]?.high ?? [] })[Symbol.asyncIterator](),
  );
  const isOver = inputs.map(() => false);
  try {
    for (;;) {
      const wanted = inputs.findIndex(
        (_, input) =>
          isOver[input] !== true && partitions.some((partition) => partition.waitsFor(input)),
      );
      if (wanted < 0) return;
      const next = await logs[wanted]?.next();
      if (next === undefined || next.done === true) {
        isOver[wanted] = true;
        continue;
      }
      await inputs[wanted]?.prepare(next.value);
      for (const record of next.value) partitions[record.partition]?.take(wanted, record);
      for (const partition of partitions) partition.advance();
    }
  } finally {
    for (const log of logs) await log.return?.(undefined);
  }
}

/** A failure of a record that is gone, or that came after the ends were taken. */
function outOfReach({ verified, ends }: BothRun, id: string): boolean {
  const parts = id.split('/');
  const [partition = 0, offset = 0] = parts.slice(-2).map(Number);
  const input = inputsOf(verified.fold).findIndex(({ topic }) => parts.includes(topic));
  const own = ends[input];
  if (own === undefined) return true;
  return (own.low[partition] ?? 0) > 0 || offset >= (own.high[partition] ?? 0);
}
