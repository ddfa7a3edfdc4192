import { expect, test } from 'vitest';

import { Ledger } from './ledger.ts';

const promised = {
  ackedEvents: [true, true],
  ackedRequests: [true],
  expected: new Set<string>(),
};
const accepted = (offset: number, lineage = 'a') => ({
  lineage,
  source_partition: 0,
  source_offset: offset,
});
const answer = (id: string) => ({ answer_id: id, request_partition: 0, request_offset: 7 });

const whole = (): Ledger => {
  const ledger = new Ledger();
  ledger.appended({ partition: 0, offset: 0 }, 'load-0');
  ledger.appended({ partition: 0, offset: 1 }, 'load-1');
  ledger.accepted(accepted(0));
  ledger.accepted(accepted(1));
  ledger.asked({ partition: 0, offset: 7 }, 'ask-0');
  ledger.answered(answer('x'), 'ask-0');
  return ledger;
};

test('nothing is lost or doubled where everything is where it belongs', () => {
  const ledger = whole();
  // A crash between emission and commit repeats both; a rebuild accepts under another lineage.
  ledger.accepted(accepted(1));
  ledger.accepted(accepted(1, 'b'));
  ledger.answered(answer('x'), 'ask-0');
  expect(ledger.counts(promised)).toEqual({
    lost: 0,
    doubled: 0,
    unanswered: 0,
    answeredAgain: 1,
  });
});

test('an acknowledged event that is nowhere is lost, and so is one that was never accepted', () => {
  const ledger = whole();
  ledger.appended({ partition: 0, offset: 2 }, 'load-2');
  const { lost } = ledger.counts({ ...promised, ackedEvents: [true, true, true, true] });
  expect(lost).toBe(2);
});

test('an acknowledged request that is nowhere is lost', () => {
  const counts = whole().counts({ ...promised, expected: new Set(['own']) });
  expect(counts.lost).toBe(1);
});

test('an event that was accepted at two positions is doubled', () => {
  const ledger = whole();
  ledger.appended({ partition: 0, offset: 5 }, 'load-1');
  expect(ledger.counts(promised).doubled).toBe(0);
  ledger.accepted(accepted(5));
  expect(ledger.counts(promised).doubled).toBe(1);
});

test('two answers to one record of a request are doubled, none is unanswered', () => {
  const ledger = whole();
  ledger.asked({ partition: 0, offset: 8 }, 'ask-0');
  expect(ledger.counts(promised).unanswered).toBe(1);
  ledger.answered(answer('y'), 'ask-0');
  expect(ledger.counts(promised).doubled).toBe(1);
});
