import { expect, test } from 'vitest';

import type { Entry } from './entries.ts';
import { groupsOf } from './groups.ts';
import { entriesText, groupsText, replayText } from './text.ts';
import type { ReplayReport } from './work.ts';

const entry = (offset: number): Entry => ({
  id: `ingest/shop.user-events.v1/0/${offset}`,
  stage: 'ingest',
  reason: 'bad_magic',
  producer: 'source=till',
  state: 'open',
  atMs: Date.UTC(2026, 10, 24, 4, 0, offset),
  topic: 'shop.user-events.v1',
  partition: 0,
  offset,
  bytes: 10,
  replayOf: null,
});
const table = { limit: 1, prefix: 'shop' };

test('tables name events as they may be typed, and say what they leave out', () => {
  const entries = [entry(1), entry(2)];
  const one = groupsText(groupsOf(entries), entries, table);
  expect(one).toMatch(
    /ingest +bad_magic +source=till +2 .*2026-11-24T04:00:01Z +2026-11-24T04:00:02Z/,
  );
  expect(one).toContain(
    'ingest/user-events/0/2\nin all: 2 open, 0 replayed, 0 accepted, 0 dropped',
  );
  const each = entriesText(entries, table);
  expect(each).toContain(
    'ingest/user-events/0/2  2026-11-24T04:00:02Z  bad_magic  source=till  open',
  );
  expect(each).toContain('(and 1 more)');
  expect(groupsText([], [], table)).toBe('nothing has failed, as far as was asked');
});

const report: ReplayReport = {
  chosen: 6,
  replayed: 4,
  accepted: 1,
  open: 1,
  whys: [{ why: 'unknown_type: type', count: 1, example: 'ingest/t/0/1' }],
  once_by: { event_id: 2, position: 1, newest: 1 },
  results: [],
  shown: [{ entry: entry(1), fate: { kind: 'open', why: 'no' }, before: { a: 1 }, after: null }],
};

test('a replay says what a second one would come to, and what is left', () => {
  expect(replayText(report, { isDryRun: false, left: 3 })).toBe(
    `ingest/shop.user-events.v1/0/1
  before  {"a":1}
  after   -
  no
1: unknown_type: type (ingest/t/0/1)
4 were sent, 1 count already, 1 stay open. A second replay changes nothing: they keep their event ids. 1 had no id: they have one made of their position, so a second replay changes nothing, but one that the producer sends anew counts too. Lists have no ids: the newest by computed_at counts.
3 more are meant: run it again, or with a higher --limit.`,
  );
  const dry = { ...report, once_by: {}, whys: [], shown: [] };
  expect(replayText(dry, { isDryRun: true, left: 0 })).toBe(
    '4 would be sent, 1 count already, 1 stay open.',
  );
});
