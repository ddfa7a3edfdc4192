import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  emptyJoin,
  type Joinable,
  type Joined,
  type JoinState,
  type JoinWindow,
  type Side,
  takeJoined,
} from './join.ts';

type Record_ = Joinable<string>;

const window: JoinWindow = { beforeMs: 2, afterMs: 10, latenessMs: 5 };
const at = (atMs: number, offset: number, key = 'ann'): Record_ => ({
  key,
  atMs,
  offset,
  value: `${key}${offset}`,
});

interface Outcome {
  readonly state: JoinState<string, string>;
  readonly results: readonly Joined<string, string>[];
  readonly late: readonly string[];
}

/** Takes two logs in the order that `sides` says, then the rest of each. */
function interleave(
  logs: Readonly<Record<Side, readonly Record_[]>>,
  sides: readonly Side[],
  by: JoinWindow = window,
): Outcome {
  let state = emptyJoin<string, string>();
  const results: Joined<string, string>[] = [];
  const late: string[] = [];
  const next = { left: 0, right: 0 };
  const rest = (side: Side): Side[] => logs[side].map(() => side);
  for (const side of [...sides, ...rest('left'), ...rest('right')]) {
    const record = logs[side][next[side]];
    if (record === undefined) continue;
    next[side] += 1;
    const step = takeJoined(state, { side, record }, by);
    state = step.state;
    results.push(...step.taken.results);
    if (step.taken.late) late.push(`${side}${record.offset}`);
  }
  return { state, results, late: late.toSorted() };
}

/** From both logs as wholes: what must come out, by the definition and by nothing else. */
function oracle(logs: Readonly<Record<Side, readonly Record_[]>>, by: JoinWindow) {
  const marks = { left: -Infinity, right: -Infinity };
  const counts = (side: Side): Record_[] =>
    logs[side].filter(({ atMs }) => {
      const inTime = atMs >= marks[side] - by.latenessMs;
      marks[side] = Math.max(marks[side], atMs);
      return inTime;
    });
  const order = (a: Record_, b: Record_): number => a.atMs - b.atMs || a.offset - b.offset;
  const [lefts, rights] = [counts('left').toSorted(order), counts('right').toSorted(order)];
  const low = Math.min(marks.left, marks.right) - by.latenessMs;
  return lefts
    .filter((left) => left.atMs + by.afterMs < low)
    .map((left) => ({
      left,
      rights: rights.filter(
        (right) =>
          right.key === left.key &&
          left.atMs - by.beforeMs <= right.atMs &&
          right.atMs <= left.atMs + by.afterMs,
      ),
    }));
}

const logOf = fc
  .array(fc.record({ atMs: fc.nat(60), key: fc.constantFrom('ann', 'bob') }), { maxLength: 25 })
  .map((rows) => rows.map(({ atMs, key }, offset) => at(atMs, offset, key)));
const logsOf = fc.record({ left: logOf, right: logOf });
const orders = fc.array(fc.constantFrom<Side>('left', 'right'), { maxLength: 60 });
const windows = fc.record({ beforeMs: fc.nat(5), afterMs: fc.nat(15), latenessMs: fc.nat(20) });

describe('whatever the interleaving', () => {
  test('the results, their order, what is late and what is kept are the same', () => {
    fc.assert(
      fc.property(logsOf, orders, orders, windows, (logs, one, other, by) => {
        expect(interleave(logs, one, by)).toEqual(interleave(logs, other, by));
      }),
      { numRuns: 500 },
    );
  });

  test('the results are those of the two logs as wholes', () => {
    fc.assert(
      fc.property(logsOf, orders, windows, (logs, order, by) => {
        expect(interleave(logs, order, by).results).toEqual(oracle(logs, by));
      }),
      { numRuns: 500 },
    );
  });
});

test('a record is late by its own topic alone', () => {
  const logs = { left: [at(100, 0)], right: [at(10, 0), at(40, 1), at(34, 2), at(35, 3)] };
  expect(interleave(logs, ['left']).late).toEqual(['right2']);
});

test('a result waits for the lower mark, and then is complete', () => {
  const logs = { left: [at(10, 0), at(90, 1)], right: [at(20, 0), at(8, 1), at(21, 2), at(25, 3)] };
  expect(interleave(logs, []).results).toEqual([]);
  const more = { ...logs, right: [...logs.right, at(26, 4)] };
  const wanted = [{ left: at(10, 0), rights: [at(20, 0)] }];
  expect(interleave(more, []).results).toEqual(wanted);
  expect(interleave(more, ['right', 'right', 'right', 'right', 'right']).results).toEqual(wanted);
});

test('what nobody can want any more is not kept, and what somebody may is', () => {
  const logs = {
    left: [at(10, 0), at(100, 1)],
    right: [at(10, 0), at(82, 1), at(83, 2), at(100, 3)],
  };
  const { state } = interleave(logs, []);
  expect(state.lefts.map(({ offset }) => offset)).toEqual([1]);
  expect(state.rights.map(({ atMs }) => atMs)).toEqual([83, 100]);
});
