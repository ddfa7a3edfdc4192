import fc from 'fast-check';
import { expect, test } from 'vitest';

import { LastRecords } from './repair.ts';
import { applyChanges, type Change, emptyState } from './state.ts';

const change = (revision: number, withdrawn = false): Change => {
  const version = `feed@${revision}`;
  const record = { name: 'feed', version, revision, content: '{}' };
  return { topic: 'contexts', key: 'feed', revision, record: withdrawn ? null : record };
};
const stateAfter = (...changes: readonly Change[]) => {
  const state = emptyState();
  applyChanges(state, changes);
  return state;
};
const lookTwice = (last: LastRecords, state: ReturnType<typeof emptyState>): Change[] => [
  ...last.repairs(state),
  ...last.repairs(state),
];

test('an older record after a newer one is answered with the newer one', () => {
  const last = new LastRecords('contexts');
  for (const revision of [1, 2]) last.take('feed', { revision });
  expect(last.isDoubtful).toBe(false);
  last.take('feed', { revision: 1 });
  expect(last.isDoubtful).toBe(true);
  expect(lookTwice(last, stateAfter(change(1), change(2)))).toEqual([change(2)]);
  expect(last.isDoubtful).toBe(false);
});

test('a record that is not committed yet is waited for', () => {
  const last = new LastRecords('contexts');
  for (const revision of [1, 2, 2]) last.take('feed', { revision });
  expect(lookTwice(last, stateAfter(change(1)))).toEqual([]);
  expect(last.isDoubtful).toBe(true);
  expect(lookTwice(last, stateAfter(change(1), change(2)))).toEqual([]);
  expect(last.isDoubtful).toBe(false);
});

test('what was withdrawn stays so, and a late withdrawal does not', () => {
  const last = new LastRecords('contexts');
  last.take('feed', { revision: 1 });
  last.take('feed', null);
  const withdrawn = stateAfter(change(1), change(2, true));
  expect(lookTwice(last, withdrawn)).toEqual([]);
  last.take('feed', { revision: 1 });
  expect(lookTwice(last, withdrawn)).toEqual([change(2, true)]);
  last.take('feed', { revision: 3 });
  last.take('feed', null);
  const again = stateAfter(change(1), change(2, true), change(3));
  expect(lookTwice(last, again)).toEqual([change(3)]);
});

test('with the whole topic read, what compaction left of a wrong order is found', () => {
  const last = new LastRecords('contexts');
  last.take('feed', { revision: 1 });
  const state = stateAfter(change(1), change(2));
  last.doubtAll(state);
  expect(lookTwice(last, state)).toEqual([change(2)]);
});

test('whatever stands on the topic, it ends as the state says', () => {
  const foreign = fc.array(fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 5 })), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(foreign, fc.boolean(), (records, withdrawn) => {
      const last = new LastRecords('contexts');
      const state = stateAfter(...[1, 2, 3, 4].map((n) => change(n)), change(5, withdrawn));
      let end: number | null = null;
      const take = (revision: number | null): void => {
        end = revision;
        last.take('feed', revision === null ? null : { revision });
      };
      for (const revision of records) take(revision);
      last.doubtAll(state);
      for (const { record } of lookTwice(last, state)) take(record?.revision ?? null);
      expect(end).toBe(withdrawn ? null : 5);
      expect(lookTwice(last, state)).toEqual([]);
    }),
  );
});
