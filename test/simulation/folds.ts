import type {
  Decoded,
  Emission,
  Fold,
  Input,
  LogRecord,
  OutMessage,
  Position,
  RowCodec,
  Unit,
} from '../../lib/stream/topology.ts';
import { unknownSchema } from '../../lib/stream/poison.ts';

/** One thing to count; with a position where a fold has emitted it. */
export interface Item {
  readonly key: string;
  readonly n: number;
  readonly from?: Position;
}

/** What a record of a simulated log holds, as JSON. */
export interface Content {
  readonly items: readonly Item[];
  /** No fold can use it. */
  readonly poison?: true;
  /** Whoever does not find this schema cannot use it. */
  readonly schema?: number;
}

const parsed = new WeakMap<Buffer, Content>();

/** The same record is looked at often. */
export function contentOf({ value }: LogRecord): Content {
  if (value === null) return { items: [] };
  let content = parsed.get(value);
  if (content === undefined) {
    content = JSON.parse(String(value)) as Content;
    parsed.set(value, content);
  }
  return content;
}

/** How often a row was touched, and a figure that tells with what and in which order. */
export interface Count {
  count: number;
  hash: number;
  stored: boolean;
}

export const mix = (hash: number, n: number): number => (Math.imul(hash, 31) + n + 1) >>> 0;

export const bytesOf = ({ count, hash }: Count): Buffer => {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeUInt32LE(count, 0);
  bytes.writeUInt32LE(hash, 4);
  return bytes;
};

export const readCount = (bytes: Buffer): Count => ({
  count: bytes.readUInt32LE(0),
  hash: bytes.readUInt32LE(4),
  stored: true,
});

export const countText = (bytes: Buffer): string =>
  `${bytes.readUInt32LE(0)} ${bytes.readUInt32LE(4)}`;

const whole: RowCodec<Count> = {
  decode: readCount,
  encode: (row) => ({ whole: bytesOf(row) }),
  bytes: () => 8,
};

/** Writes half a row on top of what another owner has left, and the mistake shows. */
const patched: RowCodec<Count> = {
  ...whole,
  encode: (row) => {
    const bytes = bytesOf(row);
    const { stored } = row;
    row.stored = true;
    if (!stored) return { whole: bytes };
    return {
      patches: [
        { at: 0, bytes: bytes.subarray(0, 4) },
        { at: 4, bytes: bytes.subarray(4) },
      ],
    };
  },
};

export type CountFold = Fold<Item, Count, Item, Count>;

export interface CountFoldOptions {
  readonly name: string;
  readonly code: string;
  readonly topic: string;
  readonly lineage?: string;
  /** Rows are kept and patched; 0: read and written whole. */
  readonly cacheBytesMax: number;
  /** Emits what it counts to this topic. */
  readonly target?: { readonly topic: string; readonly partitions: number };
  /** Second input, folded ahead. */
  readonly ahead?: string;
  /** Looks schemas up; asked once per batch. */
  readonly schemas: Schemas;
}

/** What a process knows of schemas. */
export interface Schemas {
  find(ids: readonly number[]): Promise<void>;
  has(id: number): boolean;
}

/**
 * A fold that forgives nothing: a repeated, lost or swapped item of a row, or of two rows of a
 * partition, changes what it holds and what it emits.
 */
export function countFold(options: CountFoldOptions): CountFold {
  const { name, code, topic, cacheBytesMax, target, ahead } = options;
  const rows = cacheBytesMax > 0 ? patched : whole;
  const input = (of: string, mark: string): Input<Item> => ({
    topic: of,
    lineage: options.lineage ?? null,
    prepare: async (records) => {
      const wanted = records.flatMap((record) => contentOf(record).schema ?? []);
      if (wanted.length > 0) await options.schemas.find(wanted);
    },
    decode: (record) => decoded(contentOf(record), mark, options.schemas),
  });
  return {
    name,
    code,
    revision: 1,
    layout: 1,
    config: null,
    family: 'user',
    input: input(topic, ''),
    ...(ahead === undefined ? {} : { ahead: input(ahead, '+') }),
    rows,
    // What two inputs share would depend on which comes first.
    shared:
      ahead === undefined ? { ...rows, empty: () => ({ count: 0, hash: 0, stored: false }) } : null,
    cacheBytesMax,
    horizon: null,
    emission: target === undefined ? null : packing(target),
    fold: (row, { input: item, key }, { shared, emit, skip }) => {
      if (item.n < 0) {
        skip('negative');
        return null;
      }
      const next = row ?? { count: 0, hash: 0, stored: false };
      next.count += 1;
      next.hash = mix(next.hash, item.n);
      if (ahead !== undefined) return next;
      shared.count += 1;
      shared.hash = mix(shared.hash, next.hash);
      emit({ key: targetKey(key, item.n), n: shared.hash % 1_000 });
      return next;
    },
  };
}

export const targetKey = (key: string, n: number): string => `${key}${n % 2}`;

/** Rows of the two inputs are told apart, so that it is no matter which came first. */
function decoded(
  { items, poison, schema }: Content,
  mark: string,
  schemas: Schemas,
): Decoded<Item> {
  if (poison === true) return { verdict: { kind: 'reject', reason: 'poison', detail: '' } };
  if (schema !== undefined && !schemas.has(schema))
    return { verdict: { kind: 'reject', reason: unknownSchema, detail: '' } };
  const units = items.map(
    (item): Unit<Item> => ({ input: item, key: item.key + mark, position: item.from ?? null }),
  );
  return { verdict: { kind: 'accept' }, units };
}

export const partitionOfKey = (key: string, partitions: number): number =>
  (key.charCodeAt(0) + key.charCodeAt(1)) % partitions;

/** Packs: all items of a record for one partition in one, of up to three records. */
export function packing({
  topic,
  partitions,
}: {
  topic: string;
  partitions: number;
}): Emission<Item> {
  return {
    topic,
    partitions,
    messages: (outs, from) => {
      const messages: (OutMessage & { at: number })[] = [];
      for (let partition = 0; partition < partitions; partition += 1) {
        const own = outs.filter(({ out }) => partitionOfKey(out.key, partitions) === partition);
        for (const pack of packsOf(own)) {
          const items = pack.map(
            ({ out, offset }): Item => ({ ...out, from: { ...from, offset } }),
          );
          const value = Buffer.from(JSON.stringify({ items } satisfies Content));
          messages.push({ topic, partition, key: null, value, at: pack[0]?.offset ?? 0 });
        }
      }
      return messages.toSorted((a, b) => a.at - b.at).map(({ at: _at, ...message }) => message);
    },
  };
}

type Out = { readonly out: Item; readonly offset: number };

function packsOf(outs: readonly Out[]): Out[][] {
  const packs: Out[][] = [];
  let offsets = 0;
  let last = -1;
  for (const out of outs) {
    if (out.offset !== last) offsets += 1;
    last = out.offset;
    const pack = packs.at(-1);
    if (pack !== undefined && (offsets <= 3 || pack.at(-1)?.offset === out.offset)) pack.push(out);
    else {
      packs.push([out]);
      offsets = 1;
    }
  }
  return packs;
}
