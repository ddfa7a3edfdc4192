import { setImmediate as nextTurn } from 'node:timers/promises';

import type { RedisPort } from '../../lib/redis/redis-port.ts';
import type { Generations } from '../../lib/stream/generations.ts';
import type { PartitionTask, TaskResult, TaskSlice } from '../../lib/stream/run-task.ts';
import type { Exposure } from '../../schemas/generated/exposure.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import { candidatesLayout } from '../../schemas/packed/candidates.ts';
import type { ValueDecoder } from '../../topics/interactions-input.ts';
import type { LearnedReads } from '../../retrieval/learned-reads.ts';
import { generationsOf, type PersonalModel } from '../../retrieval/personal-models.ts';
import type { World } from '../../models/model.ts';
import { chunksOf, distinct, listRow } from './candidates.ts';
import type { CandidatesConfig } from './config.ts';
import { lookOut, readSubjects, withoutNewLists } from './profiles.ts';

/** What this service reads of an interaction and of an exposure; the decoders pass over the rest. */
export type ActiveUser = Pick<Interaction, 'user_id' | 'appended_at'>;
export type ServedUser = Pick<Exposure, 'user_id' | 'candidates_stale'>;

export interface CandidatesOptions {
  readonly interactions: { readonly topic: string; readonly decoder: ValueDecoder<ActiveUser> };
  readonly exposures: { readonly topic: string; readonly decoder: ValueDecoder<ServedUser> };
  readonly types: readonly string[];
  readonly config: CandidatesConfig;
  readonly redis: Pick<RedisPort, 'mget' | 'mgetMany' | 'getRanges'>;
  readonly generations: Pick<Generations, 'read'>;
  readonly reads: LearnedReads;
  /** Models with a list per user, and null once these are known; else what is waited for. */
  readonly models: { ready(): string | null; personal(): readonly PersonalModel[] };
  readonly nowMs: () => number;
  readonly counted: {
    lists(count: number): void;
    skipped(reason: string, count: number): void;
    /** Seconds from the append of an event until its user's new lists were stored. */
    fresh(seconds: number): void;
  };
}

type Writes = Extract<TaskResult, { kind: 'write' }>['writes'][number][];

const features = 'user-features';
const candidates = 'candidates';

/**
 * Makes the lists of every user of a slice anew. Not a pure fold: what was learned of items stands
 * wherever `learning` is at that moment. What holds is that a list is never made from a profile
 * older than the slice, and never replaces one with a newer profile: `user-features` folds one
 * partition in one order, and only the owner of the header, compared and set, may write.
 */
export function candidatesTask(options: CandidatesOptions): PartitionTask {
  const { interactions, exposures, config, counted } = options;
  const appended = new WeakMap<TaskSlice, readonly number[]>();
  return {
    name: candidates,
    code: 'c',
    revision: 1,
    layout: candidatesLayout,
    config: {},
    topics: [interactions.topic, exposures.topic],
    recordsMax: config.sliceRecordsMax,
    slice: async (slice) => {
      const waiting = options.models.ready();
      if (waiting !== null) return { kind: 'wait', why: waiting };
      if (slice.topic === exposures.topic)
        return makeLists(slice, await staleUsers(slice, options), { options, from: 0 });
      const active = await activeUsers(slice, options);
      appended.set(slice, active.appendedAtMs);
      const from = (slice.records.at(-1)?.offset ?? -1) + 1;
      return makeLists(slice, active.users, { options, from });
    },
    written: (slice) => {
      const nowMs = options.nowMs();
      for (const atMs of appended.get(slice) ?? []) counted.fresh((nowMs - atMs) / 1000);
    },
  };
}

async function activeUsers(
  slice: TaskSlice,
  { interactions, counted }: CandidatesOptions,
): Promise<{ readonly users: string[]; readonly appendedAtMs: number[] }> {
  const values = await decodeAll(slice, interactions.decoder, counted);
  return {
    users: distinct(values.map((value) => value.user_id)),
    appendedAtMs: values.map((value) => value.appended_at),
  };
}

/** Whose list was missing or too old when it was asked for. */
async function staleUsers(
  slice: TaskSlice,
  { exposures, counted }: CandidatesOptions,
): Promise<string[]> {
  const values = await decodeAll(slice, exposures.decoder, counted);
  return distinct(values.filter((value) => value.candidates_stale).map((value) => value.user_id));
}

/** What cannot be read is passed over and counted: the folds set it aside as failed. */
async function decodeAll<T>(
  { records }: TaskSlice,
  decoder: ValueDecoder<T>,
  counted: CandidatesOptions['counted'],
): Promise<T[]> {
  await decoder.prepare(records.map(({ value }) => value));
  const values: T[] = [];
  for (const { value } of records) {
    const decoded = decoder.decode(value);
    if (decoded.ok) values.push(decoded.value);
    else counted.skipped(decoded.reason, 1);
  }
  return values;
}

/** `from`: the features must have folded all records below this offset. */
async function makeLists(
  slice: TaskSlice,
  users: readonly string[],
  { options, from }: { readonly options: CandidatesOptions; readonly from: number },
): Promise<TaskResult> {
  const models = options.models.personal();
  const writes: Writes = [];
  if (users.length === 0 || models.length === 0) return { kind: 'write', writes };
  const { partition } = slice;
  const names = [features, candidates, ...models.flatMap(({ learned }) => learned)];
  const generations = await options.generations.read(names);
  const source = generations.get(features);
  if (source === undefined) return { kind: 'wait', why: `${features} was never started here` };
  const own = generations.get(candidates);
  if (!(await lookOut(options.redis, { source, partition, from }))) return behind;

  const { redis, types, config } = options;
  const rows = options.reads.newSlice();
  for (const chunk of chunksOf(users, config.usersAtOnce)) {
    const read = await readSubjects(redis, chunk, { source, partition, types });
    if (read.offset < from) return behind;
    for (const model of models) {
      const learnedAt = generationsOf(model, generations);
      // Not learned here yet: the ladder's next step answers, and an exposure asks again.
      if (learnedAt === null) continue;
      const nowMs = options.nowMs();
      // Only where the features are ahead can a list be there that knows this slice.
      const subjects =
        from > 0 && read.offset > from && own !== undefined
          ? await withoutNewLists(redis, read.subjects, { own, partition, model, from, nowMs })
          : read.subjects;
      const { retrieval } = model;
      const tasks = subjects.map(({ profile }) => ({
        retrieval,
        generations: learnedAt,
        profile,
        world,
      }));
      const learned = await options.reads.read(tasks, { rows, nowMs });
      for (const [at, subject] of subjects.entries()) {
        const ranked = retrieval.rank(subject.profile, learned[at] ?? [], world);
        const made = { profileOffset: read.offset, computedAtMs: nowMs };
        writes.push(listRow(subject, model, { ...made, candidates: ranked }));
      }
    }
    await slice.heartbeat();
    await nextTurn();
  }
  options.counted.lists(writes.length);
  return { kind: 'write', writes };
}

const world: World = { items: null, weights: null };
const behind: TaskResult = { kind: 'wait', why: `${features} has not folded this slice yet` };
