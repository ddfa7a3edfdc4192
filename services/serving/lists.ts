import type { Candidate } from '../../models/model.ts';

/** A user's stored list. The items are read only where an answer looks at them. */
export interface CandidateList {
  /** Offset of interactions up to which the profile behind it was folded. */
  readonly profileOffset: number;
  readonly newestAtMs: number | null;
  readonly computedAtMs: number;
  candidates(): readonly Candidate[];
}

export const readList = (bytes: Buffer | null): CandidateList | null => {
  if (bytes === null) return null;
  throw new Error('layout is to come');
};
