import type { PartitionTask, TaskResult, TaskSlice } from '../../lib/stream/run-task.ts';
import type { StateStore } from '../../lib/stream/store.ts';
import type { OutMessage } from '../../lib/stream/topology.ts';
import {
  bytesOf,
  contentOf,
  type Count,
  type Item,
  mix,
  packing,
  readCount,
  targetKey,
} from './folds.ts';

export interface CountTaskOptions {
  readonly name: string;
  readonly code: string;
  readonly topic: string;
  readonly target: { readonly topic: string; readonly partitions: number };
  readonly recordsMax: number;
  readonly store: StateStore;
  readonly failureMessage: (at: {
    readonly partition: number;
    readonly offset: number;
  }) => OutMessage;
}

/** The row of a task that counts over the whole partition; no key of an item is so named. */
export const allRow = '_';

/** The same as a count fold, as work on a partition that reads and writes its rows by itself. */
export function countTask(options: CountTaskOptions): PartitionTask {
  const { name, code, topic, recordsMax } = options;
  return {
    name,
    code,
    revision: 1,
    layout: 1,
    config: null,
    topics: [topic],
    recordsMax,
    slice: (slice) => countSlice(slice, options),
  };
}

async function countSlice(
  { partition, records, own }: TaskSlice,
  { store, target, failureMessage }: CountTaskOptions,
): Promise<TaskResult> {
  const useful = records.filter((record) => contentOf(record).poison !== true);
  const touched = useful.flatMap((record) => contentOf(record).items.filter(({ n }) => n >= 0));
  const names = [...new Set([allRow, ...touched.map(({ key }) => key)])];
  const { keys, lineage } = own;
  const wanted = names.map((key) => keys.row(partition, key));
  const [header, ...values] = await store.load([keys.header(partition), ...wanted]);
  if ((header?.toString() ?? null) !== own.headerText) return { kind: 'restart' };
  const rows = new Map<string, Count>();
  for (const [at, key] of names.entries()) {
    const bytes = values[at] ?? null;
    rows.set(key, bytes === null ? { count: 0, hash: 0, stored: false } : readCount(bytes));
  }
  const outs: { out: Item; offset: number }[] = [];
  for (const { offset, ...record } of useful) {
    for (const { key, n } of contentOf({ ...record, offset }).items) {
      const [row, all] = [rows.get(key), rows.get(allRow)];
      if (n < 0 || row === undefined || all === undefined) continue;
      row.count += 1;
      row.hash = mix(row.hash, n);
      all.count += 1;
      all.hash = mix(all.hash, row.hash);
      outs.push({ out: { key: targetKey(key, n), n: all.hash % 1_000 }, offset });
    }
  }
  const failures = records.filter((record) => contentOf(record).poison === true);
  return {
    kind: 'write',
    writes:
      touched.length === 0 ? [] : [...rows].map(([key, row]) => ({ key, value: bytesOf(row) })),
    emits: [
      ...packing(target).messages(outs, { lineage, partition }),
      ...failures.map(({ offset }) => failureMessage({ partition, offset })),
    ],
  };
}
