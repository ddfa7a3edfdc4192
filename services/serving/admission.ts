import { type Accepted, refusedAs, type Refused } from './request.ts';

export interface AdmissionFacts {
  /** Requests that are answered together: so few are admitted as they are. */
  readonly sliceMax: number;
  readonly msPerAnswer: number;
  readonly nowMs: number;
}

export interface Admission {
  /** In the order in which they came. */
  readonly admitted: readonly Accepted[];
  readonly shed: readonly Refused[];
}

/** One user gets at most this part of what is answered while others wait too. */
const shareOfOneUser = 1 / 8;

/**
 * Which of the requests that wait together are answered. Pure. Where there are more than one slice
 * of them, one user cannot have all the places (the user's newest requests are kept), and whose
 * deadline will have passed by the time of the answer is told so now, while that is of use.
 */
export const admit = (accepted: readonly Accepted[], facts: AdmissionFacts): Admission => {
  if (accepted.length <= facts.sliceMax) return { admitted: accepted, shed: [] };
  const shed: Refused[] = [];
  const admitted: Accepted[] = [];
  for (const one of ofManyUsers(accepted, { sliceMax: facts.sliceMax, shed })) {
    const answeredAtMs = facts.nowMs + sliceEnd(admitted.length, facts) * facts.msPerAnswer;
    if (one.deadlineMs !== null && one.deadlineMs <= answeredAtMs)
      shed.push(refusedAs(one, 'overloaded', 'deadline_too_near'));
    else admitted.push(one);
  }
  return { admitted, shed };
};

/** How many are answered by the end of the slice that the `n`th is in. */
const sliceEnd = (n: number, { sliceMax }: AdmissionFacts): number =>
  (Math.floor(n / sliceMax) + 1) * sliceMax;

const ofManyUsers = (
  accepted: readonly Accepted[],
  { sliceMax, shed }: { readonly sliceMax: number; readonly shed: Refused[] },
): readonly Accepted[] => {
  const share = Math.ceil(accepted.length * shareOfOneUser);
  const counts = Map.groupBy(accepted, ({ request }) => request.user_id);
  const taken = new Map<string, number>();
  const kept: Accepted[] = [];
  for (const one of accepted.toReversed()) {
    const { user_id: userId } = one.request;
    const ofOthers = accepted.length - (counts.get(userId)?.length ?? 0);
    const before = taken.get(userId) ?? 0;
    // Places that nobody else asks for are anybody's, and who asks without a name is many people.
    if (userId !== '' && before >= Math.max(share, sliceMax - ofOthers)) {
      shed.push(refusedAs(one, 'overloaded', 'one_user_asks_too_much'));
      continue;
    }
    taken.set(userId, before + 1);
    kept.push(one);
  }
  return kept.toReversed();
};
