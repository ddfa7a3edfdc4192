import { recordHash } from '../../lib/stream/record-hash.ts';
import { type Generation, generationOf } from '../../lib/stream/generations.ts';
import { emptyHeader, formatHeader, parseHeader } from '../../lib/stream/header.ts';
import { memoryStore } from '../../lib/stream/memory-store.ts';
import type { TaskResult } from '../../lib/stream/run-task.ts';
import type { LogRecord, OutMessage } from '../../lib/stream/topology.ts';
import { LearnedReads } from '../../retrieval/learned-reads.ts';
import { LearnedWeights } from '../../retrieval/learned-weights.ts';
import type { PersonalModel } from '../../retrieval/personal-models.ts';
import type { TrainingPack } from '../../schemas/generated/training-pack.ts';
import { seenHeaderBytes, seenLayout } from '../../schemas/packed/seen-items.ts';
import { endsUser } from '../../topics/reserved-types.ts';
import { jsonRecord } from '../../test/support/json-record.ts';
import { candidatesConfig } from './config.ts';
import { DepthFactors } from './depth.ts';
import { type CandidatesOptions, candidatesTask } from './topology.ts';
import { profileBytes, type ToyExample, toyModel, toyOf } from './toy-model.ts';
import type { ExampleResult } from './training.ts';
import type { Wants } from './wanted.ts';

/** What tests of this folder share: no broker, no Redis, no clock. */

const pointer = { hash: 'h', lineage: 'candidates00', partitions: 4 };
export const partition = 1;
const featuresAt = generationOf({
  ...pointer,
  name: 'user-features',
  id4: 'Fea1',
  code: 'f',
  family: 'user',
});
const learnedAt = generationOf({
  ...pointer,
  name: 'learning:toy',
  id4: 'Lrn1',
  code: 'l',
  family: 'item',
});
export const ownAt = generationOf({
  ...pointer,
  name: 'candidates',
  id4: 'Can1',
  code: 'c',
  family: 'user',
});
const seenAt = generationOf({
  ...pointer,
  name: 'seen-items',
  id4: 'See1',
  code: 's',
  family: 'user',
});
const weightsAt = generationOf({
  ...pointer,
  name: 'weights',
  id4: 'Wei1',
  code: 'w',
  family: 'item',
});

/** What a slice came to, and the header that it started from. */
export interface Worked {
  readonly result: TaskResult;
  readonly expected: string | null;
  readonly next: string;
}

export interface Visit {
  readonly user: string;
  readonly item: string;
  readonly type: string;
}

/**
 * One partition of a log, and what services have made of it so far: each goes on only when it is
 * told to. Slices of `candidates` are worked and stored apart, so that a test may come between.
 */
export class Stage {
  readonly visits: Visit[] = [];
  readonly topic: OutMessage[] = [];
  readonly results: ExampleResult[] = [];
  readonly store = memoryStore();
  readonly models: PersonalModel[];
  nowMs = 1_000_000;
  readonly lists: CandidatesOptions;
  readonly #task;

  constructor(
    models: readonly PersonalModel[] = [toyModel('mv4_')],
    {
      packBytesMax = 1_000,
      openExamplesMax = 5_000,
      wants = (): boolean => true,
    }: {
      readonly packBytesMax?: number;
      readonly openExamplesMax?: number;
      readonly wants?: Wants;
    } = {},
  ) {
    this.models = [...models];
    const decoder = {
      prepare: async () => undefined,
      decode: (value: Buffer | null) =>
        value === null
          ? { ok: false as const, reason: 'empty_value', detail: '' }
          : { ok: true as const, value: JSON.parse(value.toString()) },
    };
    const generations = new Map<string, Generation>(
      [featuresAt, learnedAt, ownAt, seenAt, weightsAt].map((one) => [one.current.name, one]),
    );
    const get = (key: string): Buffer | null => this.store.values.get(key) ?? null;
    const redis = {
      mget: async (keys: readonly string[]) => keys.map(get),
      mgetMany: async (groups: readonly (readonly string[])[]) =>
        groups.map((group) => group.map(get)),
      getRanges: async (ranges: readonly { key: string; start: number; end: number }[]) =>
        ranges.map(({ key, start, end }) => get(key)?.subarray(start, end + 1) ?? Buffer.alloc(0)),
    };
    this.lists = {
      interactions: { topic: 'interactions', decoder },
      exposures: { topic: 'exposures', decoder },
      types: ['view', 'purchase'],
      config: { ...candidatesConfig({}), usersAtOnce: 2, openExamplesMax },
      redis,
      generations: { read: async () => generations },
      reads: new LearnedReads(redis, candidatesConfig({})),
      weights: new LearnedWeights(),
      packing: {
        topic: 'training-examples',
        partitions: 4,
        encode: (pack) => Buffer.from(JSON.stringify(pack)),
        packBytesMax,
      },
      models: {
        ready: () => null,
        personal: () => this.models,
        listPrefixes: () => this.models.map((model) => model.listPrefix),
        items: () => null,
        wants,
        heldAgainst: () => 0,
        askedFirst: () => null,
      },
      factors: new DepthFactors(3),
      nowMs: () => this.nowMs,
      counted: {
        lists: () => undefined,
        deepened: () => undefined,
        depth: () => undefined,
        skipped: () => undefined,
        fresh: () => undefined,
        weightsAge: () => undefined,
        openBytes: () => undefined,
        examples: (result) => void this.results.push(result),
      },
    };
    this.#task = candidatesTask(this.lists);
  }

  /** Interactions at the end of the log; the item names its offset unless it is given. */
  visit(user: string, item = `i${this.visits.length}`, type = 'view'): void {
    this.visits.push({ user, item, type });
  }

  /** `user-features` folds all below this offset. */
  features(offset: number): void {
    for (const [at, { user, item, type }] of this.visits.slice(0, offset).entries()) {
      const key = featuresAt.keys.row(partition, user);
      if (endsUser(type)) this.store.values.delete(key);
      else this.#put(key, profileBytes(item, 1_000 * (at + 1)));
    }
    this.#put(featuresAt.keys.header(partition), `${offset} abcdef12 -`);
  }

  /** `seen-items` folds all below this offset. */
  see(offset: number): void {
    const byUser = Map.groupBy(this.visits.slice(0, offset), ({ user }) => user);
    for (const [user, visits] of byUser)
      this.#put(seenAt.keys.row(partition, user), seenBytes(visits.map(({ item }) => item)));
    this.#put(seenAt.keys.header(partition), `${offset} abcdef12 -`);
  }

  /** `learning` knows all up to this offset, and its rows tell. */
  learn(offset: number): void {
    this.#put(learnedAt.row('learned'), String(offset));
    // In the partition of some other item.
    this.#put(learnedAt.keys.header(3), `9 abcdef12 -1;${offset}`);
  }

  weights(name: string, value: string): void {
    this.#put(weightsAt.row(name), value);
  }

  #put(key: string, value: string | Buffer): void {
    this.store.values.set(key, Buffer.from(value));
  }

  /** The first records that are left, from what an owner takes for the header; nothing is stored. */
  async work(size: number, expected = this.headerText()): Promise<Worked> {
    const from = expected === null ? 0 : (parseHeader(expected).offsets[0] ?? 0);
    const records = this.visits.slice(from, from + size).map(({ user, item, type }, at) => {
      const occurred_at = 1_000 * (from + at + 1);
      const value = { user_id: user, item_id: item, type, occurred_at, appended_at: occurred_at };
      return jsonRecord('interactions', from + at, value);
    });
    return this.#slice(records, { input: 0, expected });
  }

  /** An exposure that says that this user's list was stale. */
  async stale(user: string): Promise<Worked> {
    const expected = this.headerText();
    const from = expected === null ? 0 : (parseHeader(expected).offsets[1] ?? 0);
    const value = { user_id: user, candidates_stale: true, kind: 'answer' };
    return this.#slice([jsonRecord('exposures', from, value)], { input: 1, expected });
  }

  async #slice(
    records: readonly LogRecord[],
    { input, expected }: { input: number; expected: string | null },
  ): Promise<Worked> {
    const header = expected === null ? emptyHeader(2) : parseHeader(expected);
    const last = records.at(-1);
    if (last === undefined) return { result: { kind: 'write', writes: [] }, expected, next: '' };
    const result = await this.#task.slice({
      partition,
      topic: last.topic,
      records,
      own: { keys: ownAt.keys, headerText: expected, lineage: 'candidates00' },
      heartbeat: async () => undefined,
    });
    const next = formatHeader({
      ...header,
      offsets: header.offsets.with(input, last.offset + 1),
      hashes: header.hashes.with(input, recordHash(last)),
    });
    return { result, expected, next };
  }

  emit({ result }: Worked): void {
    if (result.kind === 'write') this.topic.push(...(result.emits ?? []));
  }

  /** Stores what a slice came to, unless another owner was faster. */
  async commit({ result, expected, next }: Worked): Promise<boolean> {
    if (result.kind !== 'write' || next === '') return false;
    const writes = result.writes.map(({ key, value }) => ({
      key: ownAt.keys.row(partition, key),
      write: { whole: value },
    }));
    const removes = (result.removes ?? []).map((key) => ownAt.keys.row(partition, key));
    const headerKey = ownAt.keys.header(partition);
    const commit = { headerKey, expected, next, writes, removes };
    return (await this.store.commit(commit)) === 'applied';
  }

  /** A slice as the runner does it. */
  async run(size = 100): Promise<Worked> {
    const worked = await this.work(size);
    this.emit(worked);
    await this.commit(worked);
    return worked;
  }

  /** The first interaction that no slice has dealt with. */
  next(text = this.headerText()): number {
    return text === null ? 0 : (parseHeader(text).offsets[0] ?? 0);
  }

  headerText(): string | null {
    return this.store.values.get(ownAt.keys.header(partition))?.toString() ?? null;
  }

  packs(): TrainingPack[] {
    return this.topic.map(({ value }) => packOf(value ?? null));
  }

  examples(): ToyExample[] {
    return this.packs().flatMap(({ examples }) => examples.map(toyOf));
  }
}

export const packOf = (value: Buffer | string | null): TrainingPack =>
  JSON.parse(String(value), (_, part: unknown) =>
    typeof part === 'object' && part !== null && 'data' in part
      ? Buffer.from(part.data as number[])
      : part,
  ) as TrainingPack;

/** As schemas/packed/seen-items.ts has it. */
const seenBytes = (ids: readonly string[]): Buffer => {
  const head = Buffer.alloc(seenHeaderBytes);
  head[0] = seenLayout;
  const entries = ids.map((id) => {
    const entry = Buffer.alloc(6);
    entry[4] = 1;
    entry[5] = id.length;
    return Buffer.concat([entry, Buffer.from(id)]);
  });
  return Buffer.concat([head, ...entries]);
};
