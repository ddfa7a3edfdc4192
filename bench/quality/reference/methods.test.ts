import { describe, expect, test } from 'vitest';

import { type EventTable, EventTableBuilder } from '../../../cli/evaluate/event-table.ts';
import { planTests } from '../../../cli/evaluate/protocol.ts';
import { Outcomes, qualityOf } from '../../../cli/evaluate/quality.ts';
import { replay } from '../../../cli/evaluate/replay.ts';
import { listLength, ReferenceMethods } from './methods.ts';
import { type KeysAre, keysOf, referenceSettings } from './settings.ts';

/** Fewer items than a list has places, so that no cut between equals is left to chance. */
const table: EventTable = (() => {
  const builder = new EventTableBuilder();
  let atMs = 1_700_000_000_000;
  for (let n = 0; n < 400; n++) {
    atMs += ((n * 7919) % 11) * 700_000;
    const user = (n * n + Math.floor(n / 3)) % 13;
    const item = (n * 5 + user * 3 + ((n * n * n) % 7)) % 19;
    builder.add({ userId: `u${user}`, itemId: `i${item}`, type: 'view', atMs });
  }
  return builder.table('tiny');
})();

const mrrs = (keys: KeysAre, excludesSeen: boolean): Record<string, number> => {
  const methods = new ReferenceMethods(referenceSettings(keys, excludesSeen), table.itemIds.length);
  const plan = planTests(table, { from: { share: 0.9 }, sample: { size: 40, seed: 42 } });
  expect([plan.eligible, plan.tests]).toEqual([41, 40]);
  const outcomes = new Outcomes(plan.tests, methods.names.length);
  const steps = replay(table, plan, {
    participants: [methods],
    onTest: (tested) => outcomes.note(tested),
    onEvent: () => undefined,
  });
  for (const _ of steps);
  return Object.fromEntries(
    methods.names.map((name, list) => {
      const { at } = qualityOf(outcomes.ranks[list] as Uint16Array, [listLength]);
      return [name, Number(at[0]?.mrr?.toFixed(4))];
    }),
  );
};

/** Printed by the reference program for the same events, tests and settings. */
describe('the reference methods', () => {
  test('rank as the reference program does', () => {
    expect(mrrs('users', false)).toEqual({
      pop: 0.1316,
      pop_24h: 0.1866,
      pop_168h: 0.1752,
      pop_720h: 0.1316,
      i2i_cos_s0: 0.1367,
      i2i_cos_s10: 0.1207,
      i2i_cos_hl720h_s0: 0.1496,
      i2i_cos_hl720h_s10: 0.1189,
      vmis_idf0: 0.2057,
      vmis_idf1: 0.2161,
      own_recent: 0.2079,
      own_freq: 0.1014,
    });
  });

  test('leave out what a user had, where they are to', () => {
    expect(mrrs('sessions', true)).toEqual({
      pop: 0.0848,
      pop_2h: 0.025,
      pop_6h: 0.05,
      pop_24h: 0.1062,
      i2i_cos_s0: 0.1015,
      i2i_cos_s10: 0.089,
      i2i_cos_hl24h_s0: 0.1057,
      i2i_cos_hl24h_s10: 0.1229,
      vmis_idf0: 0.1196,
      vmis_idf1: 0.1229,
    });
  });
});

test('ids whose events lie within a day are sessions', () => {
  expect(keysOf(table)).toBe('users');
  const atMs = table.atMs.map((time) => (time - 1_700_000_000_000) / 1_000);
  expect(keysOf({ ...table, atMs })).toBe('sessions');
});
