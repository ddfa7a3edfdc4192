import type { Decoded, Fold, LogRecord, RowCodec, Unit } from '../../lib/stream/topology.ts';

/** One record of the counting fold's input, as JSON. */
export interface CountingInput {
  /** Position that readers deduplicate by; null: the input needs none. */
  readonly from: {
    readonly lineage: string;
    readonly partition: number;
    readonly offset: number;
  } | null;
  readonly units: readonly { readonly key: string; readonly n: number }[];
  /** Fails with this reason instead. */
  readonly fails?: string;
}

/** A row that every mistake shows in: how often it was touched, and in which order with what. */
export interface Tally {
  count: number;
  hash: number;
  /** Whether the store has it already: then only what changed is patched. */
  stored: boolean;
}

const tallyBytes = 12;
const mix = (hash: number, n: number): number => (Math.imul(hash, 31) + n + 1) >>> 0;

const tallies: RowCodec<Tally> = {
  decode: (bytes) => ({
    count: bytes.readUInt32LE(0),
    hash: bytes.readUInt32LE(4),
    stored: true,
  }),
  encode: (row) => {
    const bytes = Buffer.alloc(tallyBytes, 0xee);
    bytes.writeUInt32LE(row.count, 0);
    bytes.writeUInt32LE(row.hash, 4);
    if (row.stored) {
      return {
        patches: [
          { at: 0, bytes: bytes.subarray(0, 4) },
          { at: 4, bytes: bytes.subarray(4, 8) },
        ],
      };
    }
    row.stored = true;
    return { whole: bytes };
  },
  bytes: () => tallyBytes,
};

export interface CountingOptions {
  readonly topic?: string;
  readonly target?: string;
  readonly lineage?: string | null;
  readonly cacheBytesMax?: number;
  readonly prepare?: () => Promise<void>;
  /** Called with every unit: the place to hold a slice up. */
  readonly onUnit?: () => void;
  readonly name?: string;
}

/**
 * A fold for tests of the runner. It counts per key and over the whole partition, does not forgive
 * a repeated, lost or swapped unit, changes its rows in place, and emits what it then holds.
 */
export function countingFold(options: CountingOptions = {}): Fold<number, Tally, string, Tally> {
  const target = options.target ?? 'counted';
  return {
    name: options.name ?? 'counting',
    code: 'z',
    revision: 1,
    layout: 1,
    config: null,
    family: 'user',
    input: {
      topic: options.topic ?? 'units',
      lineage: options.lineage === undefined ? 'source' : options.lineage,
      prepare: options.prepare ?? (async () => undefined),
      decode: decodeCounting,
    },
    rows: tallies,
    shared: { ...tallies, empty: () => ({ count: 0, hash: 0, stored: false }) },
    cacheBytesMax: options.cacheBytesMax ?? 0,
    horizon: null,
    emission: {
      topic: target,
      partitions: 1,
      messages: (outs, { lineage, partition }) =>
        outs.map(({ out, offset }) => ({
          topic: target,
          partition: 0,
          key: null,
          value: Buffer.from(JSON.stringify({ lineage, partition, offset, out })),
        })),
    },
    fold: (row, { input, key }, { shared, emit, skip }) => {
      options.onUnit?.();
      if (input < 0) {
        skip('negative');
        return null;
      }
      const next = row ?? { count: 0, hash: 0, stored: false };
      next.count += 1;
      next.hash = mix(next.hash, input);
      shared.count += 1;
      shared.hash = mix(shared.hash, next.hash);
      emit(`${key} ${next.count} ${next.hash} ${shared.hash}`);
      return next;
    },
  };
}

function decodeCounting({ value }: LogRecord): Decoded<number> {
  const { from, units, fails } = JSON.parse((value ?? 'null').toString()) as CountingInput;
  if (fails !== undefined) return { verdict: { kind: 'reject', reason: fails, detail: '' } };
  return {
    verdict: { kind: 'accept' },
    units: units.map(({ key, n }): Unit<number> => ({ input: n, key, position: from })),
  };
}

export function countingRecord(
  offset: number,
  input: CountingInput,
  at: { readonly topic?: string; readonly partition?: number } = {},
): LogRecord {
  return {
    topic: at.topic ?? 'units',
    partition: at.partition ?? 0,
    offset,
    timestampMs: 1_000 + offset,
    key: null,
    value: Buffer.from(JSON.stringify(input)),
    headers: {},
  };
}

/** What a partition must hold after some records, by the plainest of loops. */
export interface CountingOracle {
  readonly rows: ReadonlyMap<string, string>;
  readonly shared: string;
  /** `offset out`, in order. */
  readonly emitted: readonly string[];
  readonly failed: readonly number[];
}

/** Folds a log once, with each position once. Shares nothing with the runner. */
export function countingOracle(
  log: readonly LogRecord[],
  lineage: string | null = 'source',
): CountingOracle {
  const rows = new Map<string, { count: number; hash: number }>();
  const all = { count: 0, hash: 0 };
  const emitted: string[] = [];
  const failed: number[] = [];
  const highest = new Map<number, number>();
  for (const record of log) {
    const { from, units, fails } = JSON.parse(String(record.value)) as CountingInput;
    if (fails !== undefined) failed.push(record.offset);
    const known =
      from !== null &&
      (from.lineage !== lineage || from.offset <= (highest.get(from.partition) ?? -1));
    if (fails !== undefined || known) continue;
    for (const { key, n } of units) {
      if (n < 0) continue;
      const row = rows.get(key) ?? { count: 0, hash: 0 };
      rows.set(key, row);
      row.count += 1;
      row.hash = (Math.imul(row.hash, 31) + n + 1) >>> 0;
      all.count += 1;
      all.hash = (Math.imul(all.hash, 31) + row.hash + 1) >>> 0;
      emitted.push(`${record.offset} ${key} ${row.count} ${row.hash} ${all.hash}`);
    }
    if (from !== null && units.length > 0) highest.set(from.partition, from.offset);
  }
  return {
    rows: new Map([...rows].map(([key, { count, hash }]) => [key, `${count} ${hash}`])),
    shared: `${all.count} ${all.hash}`,
    emitted,
    failed,
  };
}

/** The stored form, as the oracle says it. */
export const tallyText = (bytes: Buffer): string =>
  `${bytes.readUInt32LE(0)} ${bytes.readUInt32LE(4)}`;

/** Emissions as the oracle says them. */
export const emissionText = (value: Buffer | null): string => {
  const { offset, out } = JSON.parse(String(value)) as { offset: number; out: string };
  return `${offset} ${out}`;
};
