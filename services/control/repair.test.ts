import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { LastRecords, type Repairs, type Revision } from './repair.ts';
import { restate } from './restate.ts';
import { applyChanges, type Change, type ControlState, emptyState } from './state.ts';

const recordOf = (revision: number, version = `feed@${revision}`) => ({ revision, version });
const change = (revision: number, withdrawn = false): Change => {
  const record = { name: 'feed', ...recordOf(revision), content: '{}' };
  return { topic: 'contexts', key: 'feed', revision, record: withdrawn ? null : record };
};
const stateAfter = (...changes: readonly Change[]): ControlState => {
  const state = emptyState();
  applyChanges(state, changes);
  return state;
};
/** As often as a writer gets to commit what it has sent. */
const lookTwice = (last: LastRecords, state: ControlState): readonly Change[] => {
  expect(last.repairs(state)).toEqual({ again: [], foreign: [] });
  const { again, foreign } = last.repairs(state);
  expect(foreign).toEqual([]);
  return again;
};
const lookLong = (last: LastRecords, state: ControlState): Repairs => {
  const looks = Array.from({ length: 10 }, () => last.repairs(state));
  return {
    again: looks.flatMap(({ again }) => again),
    foreign: looks.flatMap(({ foreign }) => foreign),
  };
};
const nothing: Repairs = { again: [], foreign: [] };

test('what is published and decided needs no repair', () => {
  const last = new LastRecords('contexts');
  for (const revision of [1, 2]) last.take('feed', recordOf(revision));
  expect(lookTwice(last, stateAfter(change(1), change(2)))).toEqual([]);
  expect(last.isDoubtful).toBe(false);
});

test('an older record after a newer one is answered with the newer one', () => {
  const last = new LastRecords('contexts');
  for (const revision of [1, 2, 1]) last.take('feed', recordOf(revision));
  expect(lookTwice(last, stateAfter(change(1), change(2)))).toEqual([change(2)]);
  expect(last.isDoubtful).toBe(false);
});

test('a record that is not committed yet is waited for', () => {
  const last = new LastRecords('contexts');
  for (const revision of [1, 2, 2]) last.take('feed', recordOf(revision));
  expect(lookTwice(last, stateAfter(change(1)))).toEqual([]);
  expect(last.isDoubtful).toBe(true);
  expect(lookTwice(last, stateAfter(change(1), change(2)))).toEqual([]);
  expect(last.isDoubtful).toBe(false);
});

test('what was withdrawn stays so, and a late withdrawal does not', () => {
  const last = new LastRecords('contexts');
  last.take('feed', recordOf(1));
  last.take('feed', null);
  const withdrawn = stateAfter(change(1), change(2, true));
  expect(lookTwice(last, withdrawn)).toEqual([]);
  last.take('feed', recordOf(1));
  expect(lookTwice(last, withdrawn)).toEqual([change(2, true)]);
  last.take('feed', recordOf(3));
  last.take('feed', null);
  const again = stateAfter(change(1), change(2, true), change(3));
  expect(lookTwice(last, again)).toEqual([change(3)]);
});

test('with the whole topic read, what compaction left of a wrong order is found', () => {
  const last = new LastRecords('contexts');
  last.take('feed', recordOf(1));
  const state = stateAfter(change(1), change(2));
  last.doubtAll(state);
  expect(lookTwice(last, state)).toEqual([change(2)]);
});

describe('records that nobody has decided', () => {
  const foreign = recordOf(2, 'feed@other');
  const standing = { topic: 'contexts', key: 'feed', ...foreign };

  test('a newer one that stays is to be restated, and asked for ever more seldom while it does', () => {
    const last = new LastRecords('contexts');
    last.take('feed', recordOf(1));
    last.take('feed', foreign);
    const state = stateAfter(change(1));
    const asked = [1, 2, 3, 4, 5, 6, 7].map(() => lookLong(last, state).foreign.length);
    expect(asked).toEqual([1, 0, 1, 0, 0, 0, 1]);
    last.take('x'.repeat(300), foreign);
    expect(lookLong(last, stateAfter(change(1), change(2)))).toMatchObject({
      foreign: [{ key: 'feed' }],
    });
  });

  test('a state that moves on is waited for anew', () => {
    const last = new LastRecords('contexts');
    last.take('feed', recordOf(9));
    for (let revision = 1; revision < 9; revision += 1)
      for (let look = 0; look < 5; look += 1)
        expect(last.repairs(stateAfter(change(revision)))).toEqual(nothing);
    expect(lookTwice(last, stateAfter(change(9)))).toEqual([]);
  });

  test('another one of the same revision is one too: readers keep what came first', () => {
    for (const order of [
      [foreign, recordOf(2)],
      [recordOf(2), foreign],
    ]) {
      const last = new LastRecords('contexts');
      for (const record of [recordOf(1), ...order]) last.take('feed', record);
      expect(lookLong(last, stateAfter(change(2))).foreign).toEqual([standing]);
    }
  });

  test('one of a key that nobody knows is one too, and what cannot be read is', () => {
    const last = new LastRecords('contexts');
    last.take('feed', foreign);
    expect(lookLong(last, emptyState()).foreign).toEqual([standing]);
    const unread = new LastRecords('contexts');
    unread.take('feed', { revision: 0, version: '' });
    expect(lookLong(unread, emptyState()).foreign).toMatchObject([{ key: 'feed', revision: 0 }]);
  });
});

test('whatever stands on the topic, all readers end with what the state says', () => {
  const record = fc.record({
    revision: fc.integer({ min: 0, max: 7 }),
    version: fc.constantFrom('feed@foreign', 'feed@other'),
  });
  // Up to five decided ones, in this order among the others, the last one maybe a withdrawal.
  const stream = fc.array(fc.option(record), { maxLength: 12 });
  fc.assert(
    fc.property(
      stream,
      fc.integer({ min: 0, max: 5 }),
      fc.boolean(),
      (records, decided, withdrawn) => {
        const last = new LastRecords('contexts');
        const state = stateAfter(
          ...Array.from({ length: decided }, (_, at) =>
            change(at + 1, withdrawn && at + 1 === decided),
          ),
        );
        /** Of a reader from the beginning, and of one after compaction. */
        let held: Revision = null;
        let compacted: Revision = null;
        const take = (next: Revision): void => {
          if (next === null || held === null || next.revision > held.revision) held = next;
          compacted = next;
          last.take('feed', next);
        };
        for (const next of records) take(next);
        last.doubtAll(state);
        for (let round = 0; round < 6; round += 1) {
          const { again, foreign } = lookLong(last, state);
          const restated =
            foreign.length === 0 ? [] : restate(state, { standing: foreign }).changes;
          applyChanges(state, restated);
          for (const one of [...again, ...restated]) take(one.record);
        }
        const live = state.contexts.live.get('feed') ?? null;
        const is = live === null ? null : recordOf(live.revision, live.version);
        const plain = (one: Revision) => one && recordOf(one.revision, one.version);
        expect([plain(held), plain(compacted)]).toEqual([is, is]);
        expect(last.isDoubtful).toBe(false);
        // What was decided is published again, and nothing else.
        expect(live?.version).toBe(decided > 0 && !withdrawn ? `feed@${decided}` : undefined);
      },
    ),
    { numRuns: 2_000 },
  );
});
