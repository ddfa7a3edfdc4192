import { setTimeout as pause } from 'node:timers/promises';

import { UserError } from '../../lib/errors.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';
import type { CurrentGeneration } from '../../lib/stream/current.ts';
import { emptyHeader, type Header, parseHeader } from '../../lib/stream/header.ts';
import { type FoldKeys, foldKeys } from '../../lib/stream/keys.ts';
import type { AnyFold } from '../verify/folds.ts';
import type { Pace } from './pace.ts';

/** Two generations of a fold, value by value: what is current, and what is to take its place. */
export interface Comparison {
  /** Values that either of them has. */
  values: number;
  differ: number;
  onlyBefore: number;
  onlyAfter: number;
  /** Changed at every look: not known. */
  notCompared: number;
  readonly examples: { key: string; before: string | null; after: string | null }[];
}

export interface CompareOptions {
  readonly redis: Pick<RedisPort, 'mget' | 'scan'>;
  readonly fold: AnyFold;
  readonly before: CurrentGeneration;
  readonly after: CurrentGeneration;
  readonly describe: (bytes: Buffer) => string;
  readonly pace: Pick<Pace, 'slice'>;
}

export const nothingCompared = (): Comparison => ({
  values: 0,
  differ: 0,
  onlyBefore: 0,
  onlyAfter: 0,
  notCompared: 0,
  examples: [],
});

const rowsPerRead = 250;
const looksMax = 150;
const lookAgainMs = 20;
const examplesMax = 5;
/** `{aB}` + code + id4. */
export const prefixLength = 9;

/**
 * Compares at equal offsets while both are folded: values of both and both headers are read in one
 * command. Where they do not stand at the same offset, a value that differs is looked at again,
 * until they do, or until the one behind has come past where the other stood with the same value.
 */
export async function compareGenerations(options: CompareOptions): Promise<Comparison> {
  const { before, after, fold } = options;
  const result = nothingCompared();
  const names = { before: foldKeys(before), after: foldKeys(after) };
  const listed = await listRows(options, names);
  for (let partition = 0; partition < before.partitions; partition += 1) {
    const pair = new Pair(options, names, partition);
    const rows = [...(listed[partition] ?? [])];
    const wanted: (string | null)[] = fold.shared === null ? rows : [null, ...rows];
    for (let at = 0; at < wanted.length; at += rowsPerRead) {
      await options.pace.slice();
      await compareSome(pair, wanted.slice(at, at + rowsPerRead), { result, options });
    }
  }
  return result;
}

/** Keys of rows that either has, by partition. */
async function listRows(
  { redis, before, after, pace }: CompareOptions,
  names: { readonly before: FoldKeys; readonly after: FoldKeys },
): Promise<Set<string>[]> {
  const rows = Array.from({ length: before.partitions }, () => new Set<string>());
  const byPrefix = new Map<string, Set<string>>();
  for (const [partition, own] of rows.entries()) {
    byPrefix.set(names.before.row(partition, ''), own);
    byPrefix.set(names.after.row(partition, ''), own);
  }
  for (const { code, id4 } of [before, after]) {
    for await (const page of redis.scan(`{??}${code}${id4}*`)) {
      await pace.slice();
      for (const key of page)
        byPrefix.get(key.slice(0, prefixLength))?.add(key.slice(prefixLength));
    }
  }
  return rows;
}

type Value = Buffer | null;
interface Look {
  readonly offsets: { readonly before: Header['offsets']; readonly after: Header['offsets'] };
  readonly values: readonly { readonly before: Value; readonly after: Value }[];
}

/** One partition of both. A key of null is the shared value. */
class Pair {
  readonly #options: CompareOptions;
  readonly #names: { readonly before: FoldKeys; readonly after: FoldKeys };
  readonly #partition: number;

  constructor(
    options: CompareOptions,
    names: { readonly before: FoldKeys; readonly after: FoldKeys },
    partition: number,
  ) {
    this.#options = options;
    this.#names = names;
    this.#partition = partition;
  }

  async look(keys: readonly (string | null)[]): Promise<Look> {
    const { before, after } = this.#names;
    const partition = this.#partition;
    const named = (names: FoldKeys): string[] =>
      keys.map((key) => (key === null ? names.shared(partition) : names.row(partition, key)));
    const [ofBefore = null, ofAfter = null, ...values] = await this.#options.redis.mget([
      before.header(partition),
      after.header(partition),
      ...named(before),
      ...named(after),
    ]);
    const headers = { before: this.#header(ofBefore), after: this.#header(ofAfter) };
    return {
      offsets: { before: headers.before.offsets, after: headers.after.offsets },
      values: keys.map((key, at) => ({
        before: this.#present(this.#isReadable ? key : null, values[at] ?? null, headers.before),
        after: this.#present(key, values[keys.length + at] ?? null, headers.after),
      })),
    };
  }

  /** What was folded under another identity may be of another layout: no codec here can read it. */
  get #isReadable(): boolean {
    const { before, after } = this.#options;
    return before.hash === after.hash;
  }

  #header(bytes: Value): Header {
    return bytes === null ? emptyHeader(1) : parseHeader(bytes);
  }

  /** What a sweep may delete is as good as not there. */
  #present(key: string | null, bytes: Value, { newestMs }: Header): Value {
    const { horizon, rows } = this.#options.fold;
    if (key === null || bytes === null || horizon === null) return bytes;
    try {
      return horizon.lastMs(rows.decode(Buffer.from(bytes))) + horizon.ms < Math.min(...newestMs)
        ? null
        : bytes;
    } catch {
      return bytes;
    }
  }
}

async function compareSome(
  pair: Pair,
  keys: readonly (string | null)[],
  { result, options }: { readonly result: Comparison; readonly options: CompareOptions },
): Promise<void> {
  let open = keys.map((key) => ({
    key,
    before: null as Value,
    stood: null as readonly number[] | null,
  }));
  result.values += keys.length;
  for (let looks = 0; open.length > 0 && looks < looksMax; looks += 1) {
    if (looks > 0) await pause(lookAgainMs);
    const { offsets, values } = await pair.look(open.map(({ key }) => key));
    const level = offsets.before.join() === offsets.after.join();
    const again: typeof open = [];
    for (const [at, one] of open.entries()) {
      const { before = null, after = null } = values[at] ?? {};
      if (isEqual(before, after)) {
        if (before === null) result.values -= 1;
        continue;
      }
      const isPast =
        one.stood !== null &&
        isEqual(one.before, before) &&
        one.stood.every((offset, input) => (offsets.after[input] ?? 0) >= offset);
      if (level || isPast)
        note(result, options, { key: one.key ?? '(shared value)', before, after });
      else
        again.push(
          isEqual(one.before, before) && one.stood !== null
            ? one
            : { ...one, before, stood: offsets.before },
        );
    }
    open = again;
  }
  result.notCompared += open.length;
}

export const isEqual = (a: Value, b: Value): boolean =>
  a === null || b === null ? a === b : a.equals(b);

export function note(
  result: Comparison,
  { describe }: Pick<CompareOptions, 'describe'>,
  { key, before, after }: { key: string; before: Value; after: Value },
): void {
  if (before === null) result.onlyAfter += 1;
  else if (after === null) result.onlyBefore += 1;
  else result.differ += 1;
  if (result.examples.length >= examplesMax) return;
  const text = (bytes: Value): string | null => (bytes === null ? null : describe(bytes));
  result.examples.push({ key, before: text(before), after: text(after) });
}

/** Of the values that were compared. */
export const shareThatDiffers = (c: Comparison): number =>
  c.values === 0 ? 0 : (c.differ + c.onlyBefore + c.onlyAfter) / c.values;

/** Before a switch; null: whatever the share. */
export function refuseAbove(differMax: number | null, compared: Comparison, fold: string): void {
  const share = shareThatDiffers(compared);
  if (differMax === null || share <= differMax) return;
  throw new UserError(
    `${fold}: not switched, since ${(share * 100).toFixed(2)} % of ${compared.values} values differ ` +
      `and --differ-max is ${differMax}; what is built stays, and the same command goes on with it`,
  );
}
