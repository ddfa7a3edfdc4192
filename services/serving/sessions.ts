import type { Generation } from '../../lib/stream/generations.ts';
import type { Candidate, OwnItem, Profile, World } from '../../models/model.ts';
import { profileOf, visitedOnce } from '../../models/profile.ts';
import type { LearnedReads } from '../../retrieval/learned-reads.ts';
import { type PersonalModel, retrievalFor } from '../../retrieval/personal-models.ts';

/** A list to make now, because the request brought a session that no service has folded. */
export interface SessionTask {
  readonly model: PersonalModel;
  /** In the order of the model's sources. */
  readonly generations: readonly (Generation | undefined)[];
  readonly profile: Profile;
  readonly world: World;
}

/** The session before what is stored of the user, newest first, each item once. */
export const sessionProfile = (
  session: readonly string[],
  stored: readonly OwnItem[],
  now: { readonly userId: string; readonly atMs: number; readonly type: string },
): Profile => {
  const { userId, atMs, type } = now;
  const known = new Map(stored.map((own) => [own.itemId, own]));
  const recents: OwnItem[] = [];
  const there = new Set<string>();
  for (const itemId of session.toReversed()) {
    if (there.has(itemId)) continue;
    there.add(itemId);
    const before = known.get(itemId);
    const visit = visitedOnce({ itemId, atMs, type });
    recents.push(
      before === undefined
        ? visit
        : { ...visit, visits: before.visits, firstAtMs: before.firstAtMs },
    );
  }
  for (const recent of stored) if (!there.has(recent.itemId)) recents.push(recent);
  return profileOf(userId, recents, atMs);
};

/** Lists for sessions, in two reads for all of them together. */
export const rankSessions = async (
  reads: LearnedReads,
  tasks: readonly SessionTask[],
  nowMs: number,
): Promise<readonly (readonly Candidate[])[]> => {
  if (tasks.length === 0) return [];
  const learned = await reads.read(
    tasks.map(({ model, ...task }) => ({ ...task, retrieval: retrievalFor(model, task.profile) })),
    { rows: reads.newSlice(), nowMs },
  );
  return tasks.map(({ model, profile, world }, at) =>
    retrievalFor(model, profile).rank(profile, learned[at] ?? [], world),
  );
};
