import type { RedisPort } from '../../lib/redis/redis-port.ts';
import type { Generations } from '../../lib/stream/generations.ts';
import type { PartitionTask, TaskSlice } from '../../lib/stream/run-task.ts';
import type { Exposure } from '../../schemas/generated/exposure.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import { candidatesLayout } from '../../schemas/packed/candidates.ts';
import { reservedFields } from '../../topics/interactions-input.ts';
import type { ValueDecoder } from '../../topics/placed-input.ts';
import { endsUser, exposureKinds, mergeType } from '../../topics/reserved-types.ts';
import type { ItemTable } from '../../models/item-table.ts';
import type { LearnedReads } from '../../retrieval/learned-reads.ts';
import type { LearnedWeights } from '../../retrieval/learned-weights.ts';
import type { PersonalModel } from '../../retrieval/personal-models.ts';
import type { CandidatesConfig } from './config.ts';
import { type DepthFactors, noteDepth } from './depth.ts';
import { candidatesName, makeLists } from './lists.ts';
import { OpenedHere } from './opened.ts';
import type { ExamplePacking } from './packing.ts';
import type { Act, Acts, TrainingCounts } from './training.ts';
import type { Wants } from './wanted.ts';

/** What this service reads of an interaction and of an exposure; the decoders pass over the rest. */
export const activeUserFields = [
  ...(['user_id', 'item_id', 'occurred_at', 'appended_at'] as const),
  ...reservedFields,
] as const;
export type ActiveUser = Pick<Interaction, (typeof activeUserFields)[number]>;
export const servedUserFields = [
  ...(['user_id', 'candidates_stale', 'context_id', 'experiment', 'variant'] as const),
  ...(['page', 'predicted', 'enough', 'removed', 'kind'] as const),
] as const;
export type ServedUser = Pick<Exposure, (typeof servedUserFields)[number]>;

export interface CandidatesOptions {
  readonly interactions: { readonly topic: string; readonly decoder: ValueDecoder<ActiveUser> };
  readonly exposures: { readonly topic: string; readonly decoder: ValueDecoder<ServedUser> };
  readonly types: readonly string[];
  readonly config: CandidatesConfig;
  readonly redis: Pick<RedisPort, 'mget' | 'mgetMany' | 'getRanges'>;
  readonly generations: Pick<Generations, 'read'>;
  readonly reads: LearnedReads;
  readonly weights: LearnedWeights;
  readonly packing: ExamplePacking;
  /** Models with a list per user, and null once these are known; else what is waited for. */
  readonly models: {
    ready(): string | null;
    personal(): readonly PersonalModel[];
    /** What keys of lists begin with, of all versions that are known: each may have one of a user. */
    listPrefixes(): Iterable<string>;
    readonly wants: Wants;
    /** Null where no model needs items. */
    items(): ItemTable | null;
    /** Kinds of event, as bits, that a rule over lists of this version holds against an item. */
    heldAgainst(version: string): number;
    /** The version that the first step of the ladder asked; null: it is not known. */
    askedFirst(served: Pick<Exposure, 'context_id' | 'experiment' | 'variant'>): string | null;
  };
  readonly factors: DepthFactors;
  readonly nowMs: () => number;
  readonly counted: TrainingCounts & {
    lists(count: number): void;
    /** A list got longer than its model's configured depth. */
    deepened(version: string): void;
    depth(version: string, wanted: number): void;
    skipped(reason: string, count: number): void;
    /** Seconds from the append of an event until its user's new lists were stored. */
    fresh(seconds: number): void;
    /** Age of the weights that lists are ranked by. */
    weightsAge(seconds: number): void;
  };
}

/**
 * Makes the lists of every user of a slice anew. Not a pure fold: what was learned of items stands
 * wherever `learning` is at that moment. What holds is that a list is never made from a profile
 * older than the slice, and never replaces one with a newer profile: `user-features` folds one
 * partition in one order, and only the owner of the header, compared and set, may write.
 */
export function candidatesTask(options: CandidatesOptions): PartitionTask {
  const { interactions, exposures, config, counted } = options;
  const appended = new WeakMap<TaskSlice, readonly number[]>();
  const opened = new OpenedHere(config.openExamplesMax);
  return {
    name: candidatesName,
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
        return makeLists(slice, await staleUsers(slice, options), { options, opened, from: 0 });
      const { acts, ended, appendedAtMs } = await activeUsers(slice, options);
      appended.set(slice, appendedAtMs);
      const from = (slice.records.at(-1)?.offset ?? -1) + 1;
      return makeLists(slice, acts, { options, opened, from, ended });
    },
    written: (slice) => {
      const nowMs = options.nowMs();
      for (const atMs of appended.get(slice) ?? []) counted.fresh((nowMs - atMs) / 1000);
    },
  };
}

interface ActiveUsers {
  readonly acts: Acts;
  /** Of whom nothing is to be kept from before; who has acts has come back since. */
  readonly ended: ReadonlySet<string>;
  readonly appendedAtMs: number[];
}

async function activeUsers(
  slice: TaskSlice,
  { interactions, counted }: CandidatesOptions,
): Promise<ActiveUsers> {
  const acts = new Map<string, Act[]>();
  const ended = new Set<string>();
  const appendedAtMs: number[] = [];
  const end = (userId: string): void => {
    ended.add(userId);
    acts.delete(userId);
  };
  for (const { value, offset } of await decodeAll(slice, interactions.decoder, counted)) {
    const { user_id: userId, type, merged_from: from } = value;
    if (endsUser(type)) {
      end(userId);
      continue;
    }
    const known = acts.get(userId) ?? [];
    acts.set(userId, known);
    // What another did before is no act of this user's: it closes no example, but makes new lists.
    if (type !== mergeType)
      known.push({ offset, itemId: value.item_id, atMs: Math.max(0, value.occurred_at) });
    else if (from !== null) end(from);
    appendedAtMs.push(value.appended_at);
  }
  return { acts, ended, appendedAtMs };
}

/** Whose list was missing or too old when it was asked for. */
async function staleUsers(slice: TaskSlice, options: CandidatesOptions): Promise<Acts> {
  const { exposures, counted } = options;
  const values = await decodeAll(slice, exposures.decoder, counted);
  const answers = values.filter(({ value }) => value.kind === exposureKinds.answer);
  for (const { value } of answers) noteDepth(value, options);
  const stale = answers.filter(({ value }) => value.candidates_stale);
  return new Map(stale.map(({ value }) => [value.user_id, []]));
}

/** What cannot be read is passed over and counted: the folds set it aside as failed. */
async function decodeAll<T>(
  { records }: TaskSlice,
  decoder: ValueDecoder<T>,
  counted: CandidatesOptions['counted'],
): Promise<{ readonly value: T; readonly offset: number }[]> {
  await decoder.prepare(records.map(({ value }) => value));
  const values: { value: T; offset: number }[] = [];
  for (const { value, offset } of records) {
    const decoded = decoder.decode(value);
    if (decoded.ok) values.push({ value: decoded.value, offset });
    else counted.skipped(decoded.reason, 1);
  }
  return values;
}
