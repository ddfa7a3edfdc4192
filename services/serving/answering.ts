import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { offsetIn } from '../../lib/stream/header.ts';
import type { Candidate } from '../../models/model.ts';
import { decodeRecents } from '../../schemas/packed/user-features.ts';
import { answer, type Candidates } from './answer.ts';
import type { ItemTable } from '../../models/item-table.ts';
import type { LearnedReads } from '../../retrieval/learned-reads.ts';
import type { LearnedWeights } from '../../retrieval/learned-weights.ts';
import { type StoredList, ofCategory, readList } from './lists.ts';
import type { PageTokens } from './page-token.ts';
import { beyondOf, nextPageOf, restOf, withSteps } from './paging.ts';
import type { AnsweredRequest, Basis } from './outputs.ts';
import {
  foldNames,
  keysOf,
  type PlanFacts,
  planRequest,
  type RequestPlan,
  takeRankings,
  weightsOf,
} from './plan.ts';
import type { Rankings } from './rankings.ts';
import { readAll, type Read } from './reads.ts';
import type { Accepted } from './request.ts';
import { ruleFacts, topicSetRevision } from './rule-facts.ts';
import { bindRules } from './rules.ts';
import { rankSessions, sessionProfile, type SessionTask } from './sessions.ts';

export interface AnsweringParts extends PlanFacts {
  readonly redis: Pick<RedisPort, 'mgetMany'>;
  /** For sessions, which are ranked while the request waits. */
  readonly reads: LearnedReads;
  /** The weights that these are ranked by. */
  readonly weights: LearnedWeights;
  readonly rankings: Rankings;
  readonly items: ItemTable;
  itemOffsets(): readonly number[];
  /** The configured event types, in order. */
  readonly types: readonly string[];
  /** What `user-features` keeps of attributes, in order. */
  readonly profileAttributes: readonly string[];
  readonly pages: PageTokens;
  /** Which set of internal topics `generations` are of; left out: the first. */
  readonly topicSet?: () => number;
  /** Wall-clock time: what rules are judged by. */
  readonly nowMs: () => number;
  /** Milliseconds that never go back: for ages in memory. */
  readonly monotonicMs: () => number;
}

/** What a session's models made of it: per request (by place in the batch) and step. */
interface SessionLists {
  /** Offset up to which the profile behind them was folded. */
  readonly profileOffset: number;
  readonly byStep: ReadonlyMap<number, readonly Candidate[]>;
}

/**
 * Answers a batch with one round trip to Redis; requests that bring a session take two more, all
 * of them together. What the rules are judged by, items and time included, is taken in one turn of
 * the event loop after the reads, and stated in every answer.
 */
export const answerBatch = async (
  accepted: readonly Accepted[],
  parts: AnsweringParts,
): Promise<readonly AnsweredRequest[]> => {
  if (accepted.length === 0) return [];
  const plannedAtMs = parts.nowMs();
  const topicSet = parts.topicSet?.() ?? 1;
  const plans = accepted.map((one) => planRequest(one, parts, plannedAtMs));
  const startedMs = parts.monotonicMs();
  const names = weightsOf(plans);
  const weightsAt = parts.generations.get(foldNames.weights);
  const read = await readAll(parts.redis, [
    ...keysOf(plans, parts.rankings, startedMs),
    ...parts.weights.due(names, weightsAt, startedMs),
  ]);
  takeRankings(plans, parts.rankings, { read, atMs: startedMs });
  parts.weights.take(names, weightsAt, { read, nowMs: startedMs });
  const sessions = await sessionLists(plans, read, parts);
  const judged: Judging = {
    parts,
    read,
    atMs: parts.nowMs(),
    itemOffsets: [...parts.itemOffsets()],
    topicSet,
  };
  return plans.map((plan, index) => answerOne(plan, sessions[index] ?? null, judged));
};

interface Judging {
  readonly parts: AnsweringParts;
  readonly read: Read;
  readonly atMs: number;
  readonly itemOffsets: readonly number[];
  readonly topicSet: number;
}

const answerOne = (
  plan: RequestPlan,
  session: SessionLists | null,
  judging: Judging,
): AnsweredRequest => {
  const { accepted } = plan;
  const { parts, read, atMs } = judging;
  const { definition } = accepted.context;
  const { facts, basis } = ruleFacts(plan, { ...parts, ...judging });
  const lists = plan.steps.map((step) =>
    step.kind === 'list' ? readList(read.get(step.key) ?? null) : null,
  );
  const { page } = accepted;
  const asked = {
    wanted: accepted.wanted,
    atLeast: definition.atLeast,
    rules: bindRules(definition.rules, facts),
    beyond: beyondOf(plan),
  };
  const answered =
    page === null
      ? answer({ ...asked, steps: stepsOf(plan, { session, lists, parts }) })
      : withSteps(answer({ ...asked, steps: [() => restOf(page)] }), page);
  return {
    accepted,
    assigned: plan.assigned,
    ladder: plan.ladder,
    answered,
    basis: {
      ...candidatesBasis(plan, { session, lists, atMs }),
      ...basis,
      judgedWith: { ...basis.judgedWith, ...topicSetStated(judging) },
      nextPage: nextPageOf(plan, answered, { pages: parts.pages, atMs }),
      itemOffsets: judging.itemOffsets,
      judgedAtMs: atMs,
    },
  };
};

/** Offsets of interactions are of one set: nothing is said of the first. */
const topicSetStated = ({ topicSet }: Judging): Readonly<Record<string, string>> =>
  topicSet === 1 ? {} : { [topicSetRevision]: String(topicSet) };

const stepsOf = (
  plan: RequestPlan,
  from: {
    readonly session: SessionLists | null;
    readonly lists: readonly (StoredList | null)[];
    readonly parts: AnsweringParts;
  },
): (() => Candidates)[] =>
  plan.steps.map((_, index) => () => candidatesOf(index, { plan, ...from }));

const nothing: readonly Candidate[] = [];

const candidatesOf = (
  index: number,
  from: {
    readonly plan: RequestPlan;
    readonly session: SessionLists | null;
    readonly lists: readonly (StoredList | null)[];
    readonly parts: AnsweringParts;
  },
): Candidates => {
  const { items, rankings } = from.parts;
  const step = from.plan.steps[index];
  const category = from.plan.accepted.context.definition.ladder[index]?.category ?? null;
  if (step === undefined || step.kind === 'none') return nothing;
  // A shared ranking is cut by category before its depth, a user's list after.
  if (step.kind === 'shared') return rankings.list(step.model, category, items);
  const stored = step.kind === 'list' ? from.lists[index]?.candidates() : undefined;
  if (stored !== undefined && category === null) return stored;
  const list = stored === undefined ? from.session?.byStep.get(index) : stored.all();
  if (list === undefined) return nothing;
  return category === null ? list : ofCategory(list, category, items);
};

/** How old what is behind the candidates is, told by the first personal step that has any. */
const candidatesBasis = (
  plan: RequestPlan,
  from: {
    readonly session: SessionLists | null;
    readonly lists: readonly (StoredList | null)[];
    readonly atMs: number;
  },
): Pick<Basis, 'candidatesOffset' | 'newestAtMs' | 'stale'> => {
  const stale = plan.steps.some((step, index) => {
    if (step.kind !== 'list') return false;
    const list = from.lists[index] ?? null;
    if (list === null || from.atMs - list.computedAtMs > step.model.ageMsMax) return true;
    // Made before its model had learned anything (after a rebuild, say): worth another try.
    return list.candidates().length === 0;
  });
  if (from.session !== null)
    return { candidatesOffset: from.session.profileOffset, newestAtMs: from.atMs, stale };
  const list = from.lists.find((one) => one !== null) ?? null;
  return {
    candidatesOffset: list?.profileOffset ?? -1,
    newestAtMs: list?.newestAtMs ?? null,
    stale,
  };
};

const sessionLists = async (
  plans: readonly RequestPlan[],
  read: Read,
  parts: AnsweringParts,
): Promise<readonly (SessionLists | null)[]> => {
  const tasks: (SessionTask & { readonly plan: number; readonly step: number })[] = [];
  const now = { atMs: parts.nowMs(), type: parts.types[0] ?? '' };
  for (const [index, plan] of plans.entries()) {
    if (!plan.steps.some(({ kind }) => kind === 'session')) continue;
    const bytes = plan.features === null ? null : (read.get(plan.features.row) ?? null);
    const stored = bytes === null ? [] : decodeRecents(bytes, parts.types);
    const { user_id: userId, session } = plan.accepted.request;
    const profile = sessionProfile(session, stored, { ...now, userId });
    for (const [at, step] of plan.steps.entries())
      if (step.kind === 'session')
        tasks.push({
          model: step.model,
          generations: step.generations,
          profile,
          world: { items: parts.items, weights: parts.weights.of(step.model.retrieval) },
          plan: index,
          step: at,
        });
  }
  const ranked = await rankSessions(parts.reads, tasks, parts.monotonicMs());
  return plans.map((plan, index) => {
    const own = tasks.flatMap((task, at): [number, readonly Candidate[]][] =>
      task.plan === index ? [[task.step, ranked[at] ?? nothing]] : [],
    );
    if (own.length === 0) return null;
    const profileOffset =
      plan.features === null ? -1 : offsetIn(read.get(plan.features.header) ?? null);
    return { profileOffset, byStep: new Map(own) };
  });
};
