import type { RedisPort } from '../../lib/redis/redis-port.ts';
import type { Generation } from '../../lib/stream/generations.ts';
import type { Candidate, Profile, RecentItem } from '../../models/model.ts';
import type { PersonalModel } from './models.ts';
import { readAll } from './reads.ts';

/** A list to make now, because the request brought a session that no service has folded. */
export interface SessionTask {
  readonly model: PersonalModel;
  readonly generation: Generation;
  readonly profile: Profile;
}

type Rows = ReadonlyMap<string, Buffer>;

/** The session before what is stored of the user, newest first, each item once. */
export const sessionProfile = (
  session: readonly string[],
  stored: readonly RecentItem[],
  now: { readonly atMs: number; readonly type: string },
): Profile => {
  const recents: RecentItem[] = [];
  const there = new Set<string>();
  for (const itemId of session.toReversed()) {
    if (there.has(itemId)) continue;
    there.add(itemId);
    recents.push({ itemId, atMs: now.atMs, type: now.type });
  }
  for (const recent of stored) if (!there.has(recent.itemId)) recents.push(recent);
  return { recents };
};

/**
 * Lists for sessions, in two reads for all of them together: the learned rows of the profiles'
 * items, then the small figures of what these found.
 */
export const rankSessions = async (
  redis: Pick<RedisPort, 'mgetMany' | 'getRanges'>,
  tasks: readonly SessionTask[],
): Promise<readonly (readonly Candidate[])[]> => {
  if (tasks.length === 0) return [];
  const wanted = tasks.map(({ model, profile }) => model.retrieval.wants(profile));
  const read = await readAll(
    redis,
    tasks.flatMap(({ generation }, index) => (wanted[index] ?? []).map((id) => generation.row(id))),
  );
  const rows: Rows[] = tasks.map(({ generation }, index) =>
    present(wanted[index] ?? [], (id) => read.get(generation.row(id)) ?? null),
  );
  const figures = tasks.map(({ model, profile }, index) =>
    model.retrieval.figures(profile, rows[index] ?? new Map()),
  );
  const heads = await readHeads(redis, tasks, figures);
  return tasks.map(({ model, profile }, index) =>
    model.retrieval.rank(profile, rows[index] ?? new Map(), heads[index] ?? new Map()),
  );
};

const present = (ids: readonly string[], get: (id: string) => Buffer | null): Rows => {
  const found = new Map<string, Buffer>();
  for (const id of ids) {
    const bytes = get(id);
    if (bytes !== null && bytes.length > 0) found.set(id, bytes);
  }
  return found;
};

const readHeads = async (
  redis: Pick<RedisPort, 'getRanges'>,
  tasks: readonly SessionTask[],
  figures: readonly (readonly string[])[],
): Promise<readonly Rows[]> => {
  const ends = new Map<string, number>();
  for (const [index, { generation, model }] of tasks.entries())
    for (const id of figures[index] ?? [])
      ends.set(
        generation.row(id),
        Math.max(model.headBytes - 1, ends.get(generation.row(id)) ?? 0),
      );
  const requests = [...ends].map(([key, end]) => ({ key, start: 0, end }));
  const found = requests.length === 0 ? [] : await redis.getRanges(requests);
  const byKey = new Map(requests.map(({ key }, index) => [key, found[index] ?? null]));
  return tasks.map(({ generation }, index) =>
    present(figures[index] ?? [], (id) => byKey.get(generation.row(id)) ?? null),
  );
};
