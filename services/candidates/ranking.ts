import type { Generation } from '../../lib/stream/generations.ts';
import type { Candidate } from '../../models/model.ts';
import type { PersonalModel, Subject } from './candidates.ts';
import type { Heads, SliceRows } from './learned.ts';

export interface Learned {
  readonly rows: SliceRows;
  readonly heads: Heads;
}

/**
 * Lists of one model for a group of users, best first, in two reads for all of them together: the
 * rows of the profiles' items, then the figures of what these found.
 */
export async function rankGroup(
  model: PersonalModel,
  subjects: readonly Subject[],
  from: { readonly generation: Generation; readonly learned: Learned; readonly nowMs: number },
): Promise<readonly Candidate[][]> {
  const { retrieval } = model;
  const { generation, learned, nowMs } = from;
  const wanted = subjects.map(({ profile }) => retrieval.wants(profile));
  const rows = await learned.rows.read(generation, wanted);
  const figures = new Set<string>();
  for (const [at, { profile }] of subjects.entries())
    for (const id of retrieval.figures(profile, rows[at] ?? none)) figures.add(id);
  const heads = await learned.heads.read(generation, figures, { bytes: model.headBytes, nowMs });
  return subjects.map(({ profile }, at) => [...retrieval.rank(profile, rows[at] ?? none, heads)]);
}

const none: ReadonlyMap<string, Buffer> = new Map();
