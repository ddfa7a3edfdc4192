import type { EventTable } from './event-table.ts';
import { PythonRandom } from './python-random.ts';

/** Which events are tested. */
export interface TestPlan {
  readonly fromMs: number;
  /** Events at or after that time whose user has a history, before any sampling. */
  readonly eligible: number;
  /** Per event whether it is tested. */
  readonly isTest: Uint8Array;
  /** Per event whether its user's next one is: that much is known, so that a list is ready. */
  readonly isAwaited: Uint8Array;
  readonly tests: number;
}

export interface TestChoice {
  /** Share of the time span before the tests, or the time itself. */
  readonly from: { readonly share: number } | { readonly atMs: number };
  readonly sample: { readonly size: number; readonly seed: number } | null;
}

export const planTests = (table: EventTable, choice: TestChoice): TestPlan => {
  const fromMs = startOf(table, choice.from);
  const hasHistory = new Uint8Array(table.userIds.length);
  let eligible: number[] = [];
  for (let at = 0; at < table.length; at++) {
    const user = table.user[at] as number;
    if ((table.atMs[at] as number) >= fromMs && hasHistory[user] === 1) eligible.push(at);
    hasHistory[user] = 1;
  }
  const found = eligible.length;
  const { sample } = choice;
  if (sample !== null && found > sample.size) {
    const drawn = new PythonRandom(sample.seed).sample(found, sample.size);
    eligible = drawn.map((index) => eligible[index] as number);
  }
  const isTest = new Uint8Array(table.length);
  for (const at of eligible) isTest[at] = 1;
  const isAwaited = awaited(table, isTest);
  return { fromMs, eligible: found, isTest, isAwaited, tests: eligible.length };
};

/** For people, where a plan has no tests. */
export const nothingToTest = (name: string): string =>
  `${name} has nothing to test: no event in the tested time is of a user who had one before`;

const startOf = (table: EventTable, from: TestChoice['from']): number => {
  if ('atMs' in from) return from.atMs;
  const first = table.atMs[0] ?? 0;
  return first + from.share * ((table.atMs[table.length - 1] ?? 0) - first);
};

const awaited = ({ user, length, userIds }: EventTable, isTest: Uint8Array): Uint8Array => {
  const isAwaited = new Uint8Array(length);
  const next = new Uint8Array(userIds.length);
  for (let at = length - 1; at >= 0; at--) {
    const of = user[at] as number;
    isAwaited[at] = next[of] as number;
    next[of] = isTest[at] as number;
  }
  return isAwaited;
};
