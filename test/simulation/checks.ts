import { parseHeader } from '../../lib/stream/header.ts';
import type { Identity } from '../../lib/stream/identity.ts';
import { type FoldKeys, foldKeys } from '../../lib/stream/keys.ts';
import type { MemoryLog } from '../../lib/stream/memory-log.ts';
import type { MemoryStore } from '../../lib/stream/memory-store.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import { contentOf, countText, type Item, partitionOfKey } from './folds.ts';
import { Oracle } from './oracle.ts';

/** Something that must never be. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export interface FoldCheckOptions {
  readonly fold: { readonly name: string; readonly code: string };
  readonly identity: Identity;
  readonly topics: readonly string[];
  /** The row that counts over all rows of a partition; null: the shared value does. */
  readonly allRow: string | null;
  readonly partitions: number;
  readonly log: MemoryLog;
  readonly store: MemoryStore;
}

/**
 * Whether what is stored of a fold is the fold of its logs up to the offsets stored with it, and
 * whatever those records led to was said before.
 */
export class FoldCheck {
  readonly name: string;
  readonly partitions: number;
  readonly lineage: string;
  readonly #keys: FoldKeys;
  readonly #topics: readonly string[];
  readonly #allRow: string | null;
  readonly #store: MemoryStore;
  readonly #log: MemoryLog;
  readonly #oracles: readonly (readonly Oracle[])[];
  readonly #stood: string[];
  /** For what comes first of two inputs: their ends when a record of the first was appended. */
  readonly #ends = new Map<LogRecord, number>();

  constructor({ fold, identity, topics, allRow, partitions, log, store }: FoldCheckOptions) {
    this.name = fold.name;
    this.partitions = partitions;
    this.lineage = identity.lineage;
    this.#keys = foldKeys({ code: fold.code, family: 'user', id4: identity.id4 });
    this.#topics = topics;
    this.#allRow = allRow;
    this.#store = store;
    this.#log = log;
    this.#oracles = this.#topics.map((topic) =>
      Array.from({ length: partitions }, (_, n) => new Oracle(log.records(topic, n))),
    );
    this.#stood = Array.from({ length: partitions }, () => '');
  }

  partitionOf(headerKey: string): number {
    for (let n = 0; n < this.partitions; n += 1) if (this.#keys.header(n) === headerKey) return n;
    return -1;
  }

  /** To be told of every record of its first input. */
  appended(record: LogRecord): void {
    const ahead = this.#topics[1];
    if (ahead === undefined || record.topic !== this.#topics[0]) return;
    this.#ends.set(record, this.#log.bounds(ahead, record.partition).high);
  }

  /** Next offsets, per input; zeros where nothing is stored. */
  offsets(partition: number): readonly number[] {
    const header = this.#store.values.get(this.#keys.header(partition));
    return header === undefined ? this.#topics.map(() => 0) : parseHeader(header).offsets;
  }

  caughtUp(): boolean {
    for (let partition = 0; partition < this.partitions; partition += 1) {
      const offsets = this.offsets(partition);
      const behind = this.#topics.some(
        (topic, input) => offsets[input] !== this.#log.bounds(topic, partition).high,
      );
      if (behind) return false;
    }
    return true;
  }

  describe(): string {
    const all = Array.from({ length: this.partitions }, (_, partition) => {
      const ends = this.#topics.map((topic) => this.#log.bounds(topic, partition).high);
      return `${this.offsets(partition).join(',')} of ${ends.join(',')}`;
    });
    return all.join(' and ');
  }

  /** Redis has lost its tail: offsets may have gone back. */
  wentBack(): void {
    this.#stood.fill('');
  }

  oracle(input: number, partition: number): Oracle {
    const oracle = this.#oracles[input]?.[partition];
    if (oracle === undefined) throw new Error(`${this.name}: no partition ${partition}`);
    const decided = [...(this.#store.decisions.get(this.#keys.decided(partition)) ?? [])];
    const own = decided.flatMap((at) =>
      (at < 0 ? 1 : 0) === input ? [at < 0 ? -1 - at : at] : [],
    );
    oracle.decide(new Set(own));
    return oracle;
  }

  run(partition: number): void {
    const header = String(this.#store.values.get(this.#keys.header(partition)) ?? '');
    const offsets = this.offsets(partition);
    this.#refuseBack(partition, offsets);
    const wanted = new Map<string, string>();
    for (const [input, offset] of offsets.entries()) {
      const mark = input === 0 ? '' : '+';
      const rows = this.oracle(input, partition).rows(offset);
      for (const [key, text] of rows) if (key !== '') wanted.set(key + mark, text);
      const all = rows.get('') ?? '0 0';
      if (this.#allRow === null && this.#topics.length === 1)
        this.#compareShared(partition, all, header);
      else if (this.#allRow !== null && all !== '0 0') wanted.set(this.#allRow, all);
    }
    this.#compareRows(partition, wanted, header);
    this.#compareOrder(partition, offsets);
  }

  #refuseBack(partition: number, offsets: readonly number[]): void {
    const before = this.#stood[partition] ?? '';
    this.#stood[partition] = offsets.join(',');
    if (before === '') return;
    const back = before.split(',').some((offset, input) => Number(offset) > (offsets[input] ?? 0));
    if (back)
      throw new Violation(`${this.name}/${partition} went back: ${before} -> ${offsets.join()}`);
  }

  #compareShared(partition: number, wanted: string, header: string): void {
    const bytes = this.#store.values.get(this.#keys.shared(partition));
    const held = bytes === undefined ? '0 0' : countText(bytes);
    if (held === wanted) return;
    throw new Violation(`${this.name}/${partition} at ${header}: all ${held}, not ${wanted}`);
  }

  #compareRows(partition: number, wanted: ReadonlyMap<string, string>, header: string): void {
    const prefix = this.#keys.row(partition, '');
    let rows = 0;
    for (const [key, bytes] of this.#store.values) {
      if (!key.startsWith(prefix)) continue;
      rows += 1;
      const row = key.slice(prefix.length);
      const [held, want] = [countText(bytes), wanted.get(row)];
      if (held !== want)
        throw new Violation(`${this.name}/${partition} at ${header}: ${row} ${held}, not ${want}`);
    }
    if (rows !== wanted.size)
      throw new Violation(`${this.name}/${partition} at ${header}: ${rows} rows of ${wanted.size}`);
  }

  #compareOrder(partition: number, [first = 0, second = 0]: readonly number[]): void {
    const [topic, ahead] = this.#topics;
    if (topic === undefined || ahead === undefined) return;
    for (const record of this.#log.records(topic, partition).slice(0, first)) {
      const end = this.#ends.get(record) ?? 0;
      if (end > second)
        throw new Violation(
          `${this.name}/${partition}: ${record.offset} was folded before ${ahead} was at ${end}`,
        );
    }
  }
}

/** Whether what a fold emits is what its log says, in order, with nothing left out. */
export class EmissionCheck {
  readonly #source: FoldCheck;
  readonly #targets: number;
  /** Per source and target partition, the highest position said so far. */
  readonly #said: number[][];

  constructor(source: FoldCheck, targets: number) {
    this.#source = source;
    this.#targets = targets;
    this.#said = Array.from({ length: source.partitions }, () =>
      Array.from({ length: targets }, () => -1),
    );
  }

  #wanted(source: number, target: number, offset: number): readonly Item[] {
    const outs = this.#source.oracle(0, source).outs(offset);
    return outs.filter(({ key }) => partitionOfKey(key, this.#targets) === target);
  }

  /** A record that was appended for the readers. */
  appended(record: LogRecord): void {
    const target = record.partition;
    const groups = new Map<string, Item[]>();
    for (const item of contentOf(record).items) {
      const at = `${item.from?.partition}/${item.from?.offset}`;
      groups.set(at, [...(groups.get(at) ?? []), item]);
    }
    for (const [at, items] of groups) {
      const [source = 0, offset = 0] = at.split('/').map(Number);
      const wanted = this.#wanted(source, target, offset);
      const text = (of: readonly Item[]): string => of.map(({ key, n }) => `${key} ${n}`).join();
      if (text(items) !== text(wanted))
        throw new Violation(`emitted of ${at}: ${text(items)}, not ${text(wanted)}`);
      this.#step(source, target, offset);
    }
  }

  #step(source: number, target: number, offset: number): void {
    const said = this.#said[source];
    const before = said?.[target] ?? -1;
    if (said === undefined || offset <= before) return;
    this.#refuseGap({ source, target, after: before, before: offset });
    said[target] = offset;
  }

  /** Called when the source is stored up to its present offset: all below must have been said. */
  stored(source: number): void {
    const [offset = 0] = this.#source.offsets(source);
    for (let target = 0; target < this.#targets; target += 1) {
      const after = this.#said[source]?.[target] ?? -1;
      this.#refuseGap({ source, target, after, before: offset });
    }
  }

  #refuseGap(gap: { source: number; target: number; after: number; before: number }): void {
    const { source, target } = gap;
    for (let offset = gap.after + 1; offset < gap.before; offset += 1) {
      if (this.#wanted(source, target, offset).length > 0)
        throw new Violation(`nothing was emitted of ${source}/${offset} for ${target}`);
    }
  }
}
