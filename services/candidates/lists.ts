import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Generation } from '../../lib/stream/generations.ts';
import type { TaskResult, TaskSlice } from '../../lib/stream/run-task.ts';
import type { Candidate, Learned, PersonalRetrieval, World } from '../../models/model.ts';
import type { KeptReads } from '../../retrieval/kept-reads.ts';
import { learnedUpTo } from '../../retrieval/learned-up-to.ts';
import { weightsFoldName } from '../../retrieval/learned-weights.ts';
import { generationsOf, type PersonalModel } from '../../retrieval/personal-models.ts';
import { type OpenExample, openExampleKey } from '../../schemas/packed/open-examples.ts';
import { chunksOf, listRow, type Subject } from './candidates.ts';
import { planList } from './depth.ts';
import type { OpenedHere } from './opened.ts';
import { packExamples } from './packing.ts';
import { lookOut, readSubjects, withoutNewLists } from './profiles.ts';
import type { CandidatesOptions } from './topology.ts';
import { type Acts, SliceTraining, trainingsOf } from './training.ts';

type Writes = Extract<TaskResult, { kind: 'write' }>['writes'][number][];

const featuresName = 'user-features';
const seenName = 'seen-items';
export const candidatesName = 'candidates';

/** What all lists of a slice share. */
interface Making {
  readonly slice: TaskSlice;
  readonly options: CandidatesOptions;
  /** The features must have folded all records below this offset. */
  readonly from: number;
  readonly models: readonly PersonalModel[];
  readonly generations: ReadonlyMap<string, Generation>;
  readonly source: Generation;
  readonly rows: KeptReads;
  readonly training: SliceTraining;
  /** Users whose lists are made anew whatever is there. */
  readonly ended: ReadonlySet<string>;
  readonly writes: Writes;
}

/** Lists of these users, and what their acts close. */
export async function makeLists(
  slice: TaskSlice,
  acts: Acts,
  {
    options,
    opened,
    from,
    only,
    ended = nobody,
  }: {
    readonly options: CandidatesOptions;
    readonly opened: OpenedHere;
    readonly from: number;
    /** Lists of these alone, and none is logged: nobody has come yet. */
    readonly only?: readonly PersonalModel[];
    /** Of whom all lists and open examples from before are to go. */
    readonly ended?: ReadonlySet<string>;
  },
): Promise<TaskResult> {
  const models = only ?? options.models.personal();
  const writes: Writes = [];
  const removes = keysOfEnded(ended, options.models.listPrefixes());
  if (acts.size === 0 || models.length === 0)
    return { kind: 'write', writes, ...removing(removes) };
  const { partition } = slice;
  const learned = models.flatMap((model) => model.learned);
  const generations = await options.generations.read([
    featuresName,
    seenName,
    candidatesName,
    weightsFoldName,
    ...learned,
  ]);
  const source = generations.get(featuresName);
  if (source === undefined) return { kind: 'wait', why: `${featuresName} was never started here` };
  if (!(await lookOut(options.redis, { source, partition, from }))) return behind;
  await readWeights(models, generations.get(weightsFoldName), options);

  const training = new SliceTraining(slice, {
    models: only === undefined ? models : [],
    weightsOf: ({ retrieval }) => options.weights.of(retrieval),
    acts,
    ended,
    opened: opened.of(partition, {
      partitions: source.current.partitions,
      listPrefixes: models.map(({ listPrefix }) => listPrefix),
    }),
    counts: options.counted,
  });
  const rows = options.reads.newSlice();
  const shared = { models, generations, source, rows, training, ended, writes };
  const making = { slice, options, from, ...shared };
  for (const chunk of chunksOf([...acts.keys()], options.config.usersAtOnce)) {
    const failed = await listChunk(chunk, making);
    if (failed !== null) return failed;
    await slice.heartbeat();
    await nextTurn();
  }
  options.counted.lists(writes.length);
  const emits = packExamples(training.closed(), { ...slice.own, partition }, options.packing);
  const all = [...writes, ...training.writes()];
  const written = new Set(all.map(({ key }) => key));
  const gone = removes.filter((key) => !written.has(key));
  return { kind: 'write', writes: all, ...removing(gone), emits };
}

const removing = (removes: readonly string[]) => (removes.length > 0 ? { removes } : {});
const nobody: ReadonlySet<string> = new Set();

/** Lists and open examples of every version: which of them the user has is not looked up. */
const keysOfEnded = (users: ReadonlySet<string>, listPrefixes: Iterable<string>): string[] => {
  if (users.size === 0) return [];
  const prefixes = [...listPrefixes];
  return [...users].flatMap((user) =>
    prefixes.flatMap((prefix) => [prefix + user, openExampleKey(prefix, user)]),
  );
};

async function readWeights(
  models: readonly PersonalModel[],
  generation: Generation | undefined,
  { weights, redis, nowMs, counted }: CandidatesOptions,
): Promise<void> {
  const names = trainingsOf(models).map(({ trainer }) => trainer.name);
  if (names.length === 0) return;
  const atMs = nowMs();
  await weights.read(redis, names, { generation, nowMs: atMs });
  const ageMs = weights.ageMs(names, atMs);
  if (ageMs !== null) counted.weightsAge(ageMs / 1_000);
}

/** Null: done. Profiles and open examples lie under one tag: one command reads both. */
async function listChunk(users: readonly string[], making: Making): Promise<TaskResult | null> {
  const { slice, options, from, models, source, training } = making;
  const { partition, own } = slice;
  const { redis, types } = options;
  const openKeys = training.keys(users);
  const seen = making.generations.get(seenName);
  const at = { source, seen, partition, types, own, openKeys };
  const read = await readSubjects(redis, users, at);
  if (read.opens === null) return { kind: 'restart' };
  if (read.offset < from) return behind;
  training.close(users, read.opens);
  for (const model of models) await listModel(model, read, making);
  return null;
}

async function listModel(
  model: PersonalModel,
  read: {
    readonly offset: number;
    readonly seenTo: number;
    readonly subjects: readonly Subject[];
  },
  making: Making,
): Promise<void> {
  const { slice, options, rows } = making;
  const generations = generationsOf(model, making.generations);
  // Not learned here yet: the ladder's next step answers, and an exposure asks again.
  if (generations === null) return;
  const { retrieval } = model;
  const nowMs = options.nowMs();
  const wanted = read.subjects.filter(({ userId }) =>
    options.models.wants(model.version, userId, nowMs),
  );
  if (wanted.length === 0) return;
  const subjects = await dueSubjects(model, { ...read, subjects: wanted }, { making, nowMs });
  const world: World = {
    items: options.models.items(),
    weights: options.weights.of(retrieval),
  };
  const plans = subjects.map((subject) => planFor(model, subject, options));
  const learned = await options.reads.read(
    subjects.map(({ profile }, at) => ({
      retrieval: plans[at]?.retrieval ?? retrieval,
      generations,
      profile,
      world,
    })),
    { rows, nowMs },
  );
  const { training } = making;
  const logged = subjects.filter(({ userId }) => training.logs(model, userId));
  // After the rows: what nobody had learned by now is in none of them. Nor is what was not seen.
  const rowsTo =
    logged.length === 0 ? 0 : await learnedUpTo(options.redis, generations, slice.partition);
  const knownTo = Math.max(rowsTo, read.seenTo);
  const profileOffset = read.offset;
  for (const [at, subject] of subjects.entries()) {
    const plan = plans[at] ?? { retrieval, kept: (ranked: readonly Candidate[]) => ranked };
    const given = {
      model,
      retrieval: plan.retrieval,
      learned: learned[at] ?? [],
      world,
    };
    const open = { profileOffset, learnedTo: knownTo, notedAtMs: nowMs };
    const candidates = plan.kept(rankOrNote(subject, given, { training, open }));
    if (plan.retrieval !== retrieval && candidates.length > (model.deep?.depth ?? Infinity))
      options.counted.deepened(model.version);
    making.writes.push(listRow(subject, model, { candidates, profileOffset, computedAtMs: nowMs }));
  }
}

const planFor = (model: PersonalModel, subject: Subject, options: CandidatesOptions) => {
  const { factors, models } = options;
  const { version } = model;
  return planList(model, subject, {
    times: factors.times(version),
    timesMax: factors.timesMax,
    heldAgainst: models.heldAgainst(version),
  });
};

/** The list, and where it is to be logged its example. */
function rankOrNote(
  { userId, profile }: Subject,
  given: {
    readonly model: PersonalModel;
    /** The model's own, or a deeper one. */
    readonly retrieval: PersonalRetrieval;
    readonly learned: readonly Learned[];
    readonly world: World;
  },
  {
    training,
    open,
  }: {
    readonly training: SliceTraining;
    readonly open: Omit<OpenExample, 'note'>;
  },
): readonly Candidate[] {
  const { model, retrieval, learned, world } = given;
  const trainer = training.trainerFor(model, userId, open);
  if (trainer === null) return retrieval.rank(profile, learned, world);
  const noted = (retrieval.trainer ?? trainer).note(profile, learned, world);
  training.note(model, userId, { ...open, note: noted.open });
  return noted.candidates;
}

/** Only where the features are ahead can a list be there that knows this slice. */
async function dueSubjects(
  model: PersonalModel,
  { offset, subjects }: { readonly offset: number; readonly subjects: readonly Subject[] },
  { making, nowMs }: { readonly making: Making; readonly nowMs: number },
): Promise<readonly Subject[]> {
  const { slice, from, generations, options, training, ended } = making;
  const { partition } = slice;
  const own = generations.get(candidatesName);
  if (from === 0 || offset <= from || own === undefined) return subjects;
  const isMust = ({ userId }: Subject): boolean =>
    ended.has(userId) || training.mustList(model, userId);
  const must = subjects.filter(isMust);
  const rest = subjects.filter((subject) => !isMust(subject));
  const due = await withoutNewLists(options.redis, rest, { own, partition, model, from, nowMs });
  return [...must, ...due];
}

const behind: TaskResult = { kind: 'wait', why: `${featuresName} has not folded this slice yet` };
