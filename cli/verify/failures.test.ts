import { expect, test } from 'vitest';

import type { LogRecord } from '../../lib/kafka/log-record.ts';
import type { FailedEvent } from '../../schemas/generated/failed-event.ts';
import { FailedOnTopic } from './failures.ts';
import { Findings } from './report.ts';

const failed = (more: Partial<FailedEvent> = {}): FailedEvent => ({
  stage: 'ingest',
  topic: 't',
  partition: 0,
  offset: 5,
  reason: 'unknown_type',
  detail: '',
  appended_at: 1,
  key: null,
  value: Buffer.from('v'),
  headers: {},
  lineage: 'old',
  ...more,
});
const record: LogRecord = {
  topic: 't',
  partition: 0,
  offset: 5,
  timestampMs: 1,
  key: null,
  value: Buffer.from('v'),
  headers: {},
};
const old = { stage: 'ingest', lineage: 'old' };
const anew = { stage: 'ingest', lineage: 'new' };

const judged = (events: readonly FailedEvent[], work: (on: FailedOnTopic, f: Findings) => void) => {
  const on = new FailedOnTopic();
  for (const event of events) on.take(event);
  const findings = new Findings();
  work(on, findings);
  return findings.examples.map(({ what }) => what);
};
const mustFail = { record, reason: 'unknown_type' };

test('a failure is expected of the generation that found it, and repeated it is one', () => {
  expect(
    judged([failed(), failed()], (on, findings) => {
      on.expect(old, mustFail, { required: true, findings });
      on.unexpected(old, findings, () => false);
    }),
  ).toEqual([]);
});

test('what earlier settings refused is no difference where later ones take it', () => {
  const left = (judge: typeof old, event: FailedEvent) =>
    judged([event], (on, findings) => on.unexpected(judge, findings, () => false));
  expect(left(anew, failed())).toEqual([]);
  expect(left(old, failed())).toEqual([
    'is on failed-events for unknown_type, and its record is good',
  ]);
  // Nobody knows whose it is: then it counts.
  expect(left(anew, failed({ lineage: '' }))).toHaveLength(1);
});

test('two generations may refuse a record for two reasons, one may not', () => {
  const both = [failed({ reason: 'ancient' }), failed({ lineage: 'new' })];
  const expectedNow = (events: readonly FailedEvent[]) =>
    judged(events, (on, findings) => on.expect(anew, mustFail, { required: true, findings }));
  expect(expectedNow(both)).toEqual([]);
  const twice = [failed({ lineage: 'new', reason: 'ancient' }), failed({ lineage: 'new' })];
  expect(expectedNow(twice)).toEqual([
    'is on failed-events with two contents: ancient and unknown_type',
  ]);
});

test('a failure that a later generation must have found and did not tell is missing', () => {
  expect(
    judged([failed()], (on, findings) => on.expect(anew, mustFail, { required: true, findings })),
  ).toEqual(['failed (unknown_type) and is not on failed-events']);
});
