import { expect, test } from 'vitest';

import type { CommandResult } from '../../schemas/generated/command-result.ts';
import { inWords, isOf } from './history.ts';

const result = (more: Partial<CommandResult>): CommandResult => ({
  command_id: 'c1',
  kind: 'apply',
  status: 'refused',
  sentence: '',
  changes: [],
  details: '{}',
  sent_at: 0,
  decided_at: 0,
  sent_by: 'ops',
  command_offset: 0,
  ...more,
});

test('a command is of what it changes or names, not of what it lists as there', () => {
  const changed = result({
    changes: [{ topic: 'models', key: 'blend@0123456789ab', version: 'v', revision: 1 }],
  });
  expect([
    isOf(changed, 'blend'),
    isOf(changed, 'blend@0123456789ab'),
    isOf(changed, 'ble'),
  ]).toEqual([true, true, false]);
  const unknown = result({
    sentence: "there is no experiment 'b': name another one (there are 'a')",
  });
  expect([isOf(unknown, 'b'), isOf(unknown, 'a')]).toEqual([true, false]);
  const faults = ['market.json: size: is missing', "home.json: model 'm' is in x.json too"];
  const refused = result({ sentence: 'nothing was changed', details: JSON.stringify({ faults }) });
  expect(['market', 'home', 'm', 'size', 'x'].map((name) => isOf(refused, name))).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});

test('a line names what an apply changed, and is one line whoever sent it', () => {
  const changes = Array.from({ length: 12 }, (_, n) => ({
    topic: 'models',
    key: `m${n}`,
    version: 'v',
    revision: 1,
  }));
  const line = inWords(
    result({ status: 'accepted', sentence: '12 definitions published', changes, sent_by: 'a\nb' }),
  );
  expect(line).toBe(
    String.raw`1970-01-01T00:00:00.000Z  a\u000ab: apply accepted: 12 definitions published ` +
      '(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9 and 2 more)',
  );
});
