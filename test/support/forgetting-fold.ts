import {
  type Decoded,
  type Fold,
  gone,
  type LogRecord,
  type Unit,
  byteRows,
} from '../../lib/stream/topology.ts';

/** What one unit of the forgetting fold says. */
export interface Happening {
  readonly key: string;
  /** Negative: passed over, but its time counts. */
  readonly n: number;
  /** The row is to go. */
  readonly forget?: boolean;
  readonly atMs: number;
}

/** `count hash lastMs`: what a row says, and every mistake shows in it. */
interface Memory {
  readonly count: number;
  readonly hash: number;
  readonly lastMs: number;
}

const textOf = ({ count, hash, lastMs }: Memory): string => `${count} ${hash} ${lastMs}`;

const memoryOf = (text: string): Memory => {
  const [count = 0, hash = 0, lastMs = 0] = text.split(' ').map(Number);
  return { count, hash, lastMs };
};

const added = ({ count, hash, lastMs }: Memory, { n, atMs }: Happening): Memory => ({
  count: count + 1,
  hash: (Math.imul(hash, 31) + n + 1) >>> 0,
  lastMs: Math.max(lastMs, atMs),
});

const nothing: Memory = { count: 0, hash: 0, lastMs: 0 };

/** A fold for tests of horizons: counts per key, and emits what it then holds. */
export const forgettingFold = (horizonMs: number): Fold<Happening, Buffer, string> => ({
  ...forgetting,
  rows: byteRows,
  cacheBytesMax: 0,
  horizon: {
    ms: horizonMs,
    lastMs: (row) => memoryOf(row.toString()).lastMs,
    unitMs: ({ atMs }) => atMs,
  },
  fold: (row, { input, key }, { newestMs, emit, skip }) => {
    if (input.forget === true) return gone;
    if (input.n < 0) {
      skip('negative');
      return null;
    }
    const text = textOf(added(row === undefined ? nothing : memoryOf(row.toString()), input));
    emit(`${key} ${text} ${newestMs}`);
    return Buffer.from(text);
  },
});

/** A row that its owner keeps, changes in place and patches. */
interface Kept {
  memory: Memory;
  isStored: boolean;
}

/** `forgettingFold` as a fold of large rows would be: with a cache, and rows written in parts. */
export const keepingFold = (
  horizonMs: number,
  cacheBytesMax: number,
): Fold<Happening, Kept, string> => ({
  ...forgetting,
  rows: {
    decode: (bytes) => ({ memory: memoryOf(bytes.toString()), isStored: true }),
    encode: (row) => {
      const bytes = Buffer.from(widthsOf(row.memory));
      if (!row.isStored) {
        row.isStored = true;
        return { whole: bytes };
      }
      return {
        patches: [
          { at: 0, bytes: bytes.subarray(0, hashEnds) },
          { at: hashEnds, bytes: bytes.subarray(hashEnds) },
        ],
      };
    },
    bytes: () => hashEnds + 8,
  },
  cacheBytesMax,
  horizon: {
    ms: horizonMs,
    lastMs: ({ memory }) => memory.lastMs,
    unitMs: ({ atMs }) => atMs,
  },
  fold: (row, { input, key }, { newestMs, emit, skip }) => {
    if (input.forget === true) return gone;
    if (input.n < 0) {
      skip('negative');
      return null;
    }
    const next = row ?? { memory: nothing, isStored: false };
    next.memory = added(next.memory, input);
    emit(`${key} ${textOf(next.memory)} ${newestMs}`);
    return next;
  },
});

const hashEnds = 15;
/** The same text in columns, so that a part of it can be written in place. */
const widthsOf = ({ count, hash, lastMs }: Memory): string =>
  `${String(count).padStart(4, '0')} ${String(hash).padStart(10, '0')} ${String(lastMs).padStart(7, '0')}`;

/** What a stored row of either fold says. */
export const rowText = (bytes: Buffer): string => textOf(memoryOf(bytes.toString()));

const forgetting = {
  name: 'forgetting',
  code: 'y',
  revision: 1,
  layout: 1,
  config: null,
  family: 'user' as const,
  input: {
    topic: 'happenings',
    lineage: null,
    prepare: async () => undefined,
    decode: ({ value }: LogRecord): Decoded<Happening> => {
      if (value === null) return { verdict: { kind: 'reject', reason: 'empty', detail: '' } };
      const units = (JSON.parse(value.toString()) as Happening[]).map(
        (input): Unit<Happening> => ({ input, key: input.key, position: null }),
      );
      return { verdict: { kind: 'accept' }, units };
    },
  },
  shared: null,
  emission: {
    topic: 'told',
    partitions: 1,
    messages: (outs: readonly { readonly out: string; readonly offset: number }[]) =>
      outs.map(({ out, offset }) => ({
        topic: 'told',
        partition: 0,
        key: null,
        value: Buffer.from(`${offset} ${out}`),
      })),
  },
};

/** Null: a record that cannot be decoded. */
export const happened = (offset: number, units: readonly Happening[] | null): LogRecord => ({
  topic: 'happenings',
  partition: 0,
  offset,
  timestampMs: 1_000 + offset,
  key: null,
  value: units === null ? null : Buffer.from(JSON.stringify(units)),
  headers: {},
});

export interface ForgettingOracle {
  /** Rows that have not expired. */
  readonly rows: ReadonlyMap<string, string>;
  readonly newestMs: number;
  /** `offset out`, in order. */
  readonly emitted: readonly string[];
}

/** Folds a log by the plainest of loops, which drops what has expired before every record. */
export function forgettingOracle(log: readonly LogRecord[], horizonMs: number): ForgettingOracle {
  const rows = new Map<string, Memory>();
  const emitted: string[] = [];
  let newestMs = -1;
  const forget = (): void => {
    for (const [key, { lastMs }] of rows) if (lastMs + horizonMs < newestMs) rows.delete(key);
  };
  for (const { offset, value } of log) {
    forget();
    const units = value === null ? [] : (JSON.parse(value.toString()) as Happening[]);
    const before = newestMs;
    for (const unit of units) {
      newestMs = Math.max(newestMs, unit.atMs);
      if (unit.forget === true) rows.delete(unit.key);
      if (unit.forget === true || unit.n < 0) continue;
      // One record, one moment: what its own units write is judged by the mark before it too.
      const row = rows.get(unit.key);
      const next = added(
        row === undefined || row.lastMs + horizonMs < before ? nothing : row,
        unit,
      );
      rows.set(unit.key, next);
      emitted.push(`${offset} ${unit.key} ${textOf(next)} ${before}`);
    }
  }
  forget();
  return {
    rows: new Map([...rows].map(([key, row]) => [key, textOf(row)])),
    newestMs,
    emitted,
  };
}
