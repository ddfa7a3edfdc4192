import type { CommonConfig } from '../../lib/config/common.ts';
import type { LogRecord } from '../../lib/kafka/log-record.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import type { AnswerCheck } from './answers.ts';
import { describeValue } from './describe.ts';
import type { Emitted, EmittedReader } from './emitted.ts';
import type { FailedOnTopic, Judge } from './failures.ts';
import type { VerifiedFold } from './folds.ts';
import { Ledger } from './ledger.ts';
import type { MarkerCheck } from './markers.ts';
import { Refold } from './refold.ts';
import { Findings, type ServiceReport } from './report.ts';
import type { StoredPartition } from './stored.ts';

export interface TopicRun {
  readonly config: CommonConfig;
  readonly topic: string;
  /** Written by others' producers, which may use transactions. */
  readonly foreign: boolean;
  /** All folds over the topic: it is read once. */
  readonly folds: readonly VerifiedFold[];
  readonly stored: ReadonlyMap<VerifiedFold, StoredPartition[]>;
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly failed: FailedOnTopic;
  readonly answers: AnswerCheck;
  readonly markers: MarkerCheck;
  /** Where the fold that emits emits to. */
  readonly emitted: {
    readonly topic: string;
    readonly low: readonly number[];
    readonly to: readonly number[];
    readonly reader: EmittedReader;
  } | null;
}

/** One fold over the topic, with all its partitions. */
interface Running {
  readonly verified: VerifiedFold;
  readonly stored: readonly StoredPartition[];
  readonly refolds: readonly Refold[];
  readonly findings: Findings;
  readonly ledger: Ledger | null;
  failures: number;
}

const foreignSilenceMs = 15_000;

/** Reads a topic once and folds it again with every fold that reads it. */
export async function refoldTopic(run: TopicRun): Promise<ServiceReport[]> {
  const all = run.folds.map((verified) => begin(run, verified));
  const { kafka } = run.config;
  // Only foreign producers' transactions leave marks; what is missed is loud: state seems ahead.
  const ends = run.foreign ? { endsAfterSilenceMs: foreignSilenceMs } : {};
  for await (const records of readLog({ kafka, topic: run.topic, to: run.high, ...ends })) {
    for (const running of all) await take(run, running, records);
  }
  for (const running of all) {
    for (const refold of running.refolds) refold.finish();
    await compareEmitted(run, running);
    run.failed.unexpected(judgeOf(running.verified), running.findings, (id) =>
      outOfReach(run, running.verified, id),
    );
  }
  return all.map((running) => reportOf(run, running));
}

const judgeOf = ({ fold, current }: VerifiedFold): Judge => ({
  stage: fold.name,
  lineage: current.lineage,
});

/** A failure of a record that is gone, was not folded, or came after the ends were taken. */
function outOfReach(run: TopicRun, { current }: VerifiedFold, id: string): boolean {
  const [partition = 0, offset = 0] = id.split('/').slice(-2).map(Number);
  if (offset < (current.from?.[partition] ?? 0)) return true;
  return (run.low[partition] ?? 0) > 0 || offset >= (run.high[partition] ?? 0);
}

const cutOf = (lows: readonly number[]): Set<number> =>
  new Set(lows.flatMap((low, partition) => (low > 0 ? [partition] : [])));

function begin(run: TopicRun, verified: VerifiedFold): Running {
  const { fold } = verified;
  const findings = new Findings();
  const stored = run.stored.get(verified) ?? [];
  const refolds = stored.map(
    (own) =>
      new Refold({
        fold,
        stored: own,
        findings,
        low: run.low[own.partition] ?? 0,
        from: verified.current.from?.[own.partition] ?? 0,
        stayFailed: run.failed.stayFailed(fold.name, run.topic, own.partition),
        moments: run.answers.moments(fold.name, {
          partition: own.partition,
          of: stored.length,
          low: run.low[own.partition] ?? 0,
        }),
        describe: (bytes) => describeValue(fold.name, bytes, run.config.types),
      }),
  );
  const cut = cutOf(run.low);
  const cutTargets = cutOf(run.emitted?.low ?? []);
  const toOnePartition = run.emitted?.reader.toOnePartition ?? false;
  const ledger =
    fold.emission === null
      ? null
      : new Ledger(fold.emission.topic, findings, { cut, cutTargets, toOnePartition });
  return { verified, stored, refolds, findings, ledger, failures: 0 };
}

async function take(run: TopicRun, running: Running, records: readonly LogRecord[]): Promise<void> {
  const { verified, refolds } = running;
  await verified.fold.input.prepare(records);
  const touched = new Set<number>();
  for (const record of records) {
    refolds[record.partition]?.take(record);
    touched.add(record.partition);
  }
  for (const partition of touched) await settle(run, running, partition);
}

/** Enters what must have been emitted, and what had to fail. */
async function settle(run: TopicRun, running: Running, partition: number): Promise<void> {
  const { verified, refolds, stored, ledger, findings } = running;
  const { fold, current } = verified;
  const { outs = [], failed = [] } = refolds[partition]?.collect() ?? {};
  const committed = stored[partition]?.before?.offsets[0] ?? 0;
  for (const failure of failed) {
    running.failures += 1;
    const required = failure.record.offset < committed;
    run.failed.expect(judgeOf(verified), failure, { required, findings });
  }
  if (outs.length === 0 || ledger === null || fold.emission === null || run.emitted === null)
    return;
  const { reader } = run.emitted;
  const from = { lineage: current.lineage, partition };
  await run.markers.expect(fold.emission.ahead?.(outs, from) ?? []);
  const messages = fold.emission.messages(outs, from);
  const expected = messages.map(
    (message): Emitted => ({ ...message, partition: message.partition ?? 0 }),
  );
  await reader.prepare(expected);
  for (const message of expected) {
    for (const entry of reader.entries(message) ?? []) ledger.expect(entry);
  }
}

async function compareEmitted(
  run: TopicRun,
  { verified, ledger, stored, findings }: Running,
): Promise<void> {
  if (ledger === null || run.emitted === null) return;
  const { reader, topic, to } = run.emitted;
  for await (const records of readLog({ kafka: run.config.kafka, topic, to })) {
    await reader.prepare(records);
    for (const record of records) {
      for (const entry of reader.entries(record) ?? []) ledger.actual(entry);
    }
  }
  const before = (source: number): number => stored[source]?.before?.offsets[0] ?? 0;
  ledger.missing(before);
  if (verified.fold.emission?.ahead !== undefined) await run.markers.findMissing(before, findings);
}

function reportOf(run: TopicRun, running: Running): ServiceReport {
  const { verified, stored, refolds, findings, ledger, failures } = running;
  const sum = (of: (refold: Refold) => number): number =>
    refolds.reduce((total, refold) => total + of(refold), 0);
  const begins = run.low.map((low, at) => Math.max(low, verified.current.from?.[at] ?? 0));
  const cut = begins.flatMap((low, partition) => (low > 0 ? [[partition, low] as const] : []));
  return {
    service: verified.fold.name,
    lineage: verified.current.lineage,
    offsets: stored.map(({ before }) => before?.offsets[0] ?? -1),
    verifiedFrom: Object.fromEntries(cut),
    records: sum(({ records }) => records),
    values: sum(({ values }) => values),
    emissions: ledger?.found ?? 0,
    failures,
    differences: findings.count,
    notComparable: sum(({ notComparable }) => notComparable),
    examples: findings.examples,
  };
}
