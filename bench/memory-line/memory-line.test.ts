import { expect, test } from 'vitest';

import { evaluationSettings } from '../../cli/evaluate/config.ts';
import { readModel } from '../../cli/evaluate/definitions.ts';
import { type LinePoint, slopeOf, StoredState } from './line.ts';
import { endlessEvents, holderOf, population } from './population.ts';

const small = { ...population, activeUsers: 40, activeItems: 20, newUsers: 50, newItems: 10 };

test('as many are active at any time, the newest of them', () => {
  const holders = (come: number): number[] =>
    [0, 1, 2, 3].map((place) => holderOf(place, 4, come)).toSorted((a, b) => a - b);
  expect(holders(0)).toEqual([0, 1, 2, 3]);
  expect(holders(1)).toEqual([1, 2, 3, 4]);
  expect(holders(9)).toEqual([9, 10, 11, 12]);
  const events = [...endlessEvents({ ...small, events: 10_000, stepMs: 1_000 })];
  expect(new Set(events.map(({ itemId }) => itemId)).size).toBeGreaterThan(100);
  expect(new Set(events.map(({ userId }) => userId)).size).toBeGreaterThan(450);
});

/** The line of a stream in which a horizon passes every 1,000 events, or never. */
const lineFor = (perHorizon: number): LinePoint[] => {
  const settings = evaluationSettings({});
  const state = new StoredState(readModel('blend'), settings);
  const stepMs = Math.ceil(settings.horizonMs / perHorizon);
  const series: LinePoint[] = [];
  let taken = 0;
  for (const event of endlessEvents({ ...small, events: 20_000, stepMs })) {
    state.take(event);
    taken += 1;
    if (taken % 1_000 === 0) series.push(state.sweep());
  }
  return series;
};

test('what is stored stays level once the horizon has passed, and grows where it never does', () => {
  const level = lineFor(1_000);
  const [middle, last] = [level[10], level.at(-1)];
  expect(last?.items).toBeLessThan(60);
  expect(last?.users).toBeLessThan(200);
  expect((last?.total_bytes ?? 0) / (middle?.total_bytes ?? 1)).toBeLessThan(1.15);
  const endless = lineFor(1e9);
  expect(endless.at(-1)?.items).toBeGreaterThan(200);
  expect(slopeOf(endless)).toBeGreaterThan(10 * Math.abs(slopeOf(level)));
});
