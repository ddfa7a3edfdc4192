import { expect, test } from 'vitest';

import { settingsBody } from './change-settings.ts';
import { facts, Plane } from './fakes.ts';
import { settingsWatch } from './settings-watch.ts';
import { encodeState } from './state.ts';

test('a process whose own settings no longer count says so, once each time they change', async () => {
  const plane = new Plane();
  const warned: unknown[] = [];
  const log = {
    warn: (told: { inForce: { daysMax: number } }) => warned.push(told.inForce.daysMax),
  };
  const pointer = {
    name: 'control',
    hash: 'h',
    id4: 'abcd',
    code: 'k',
    family: 'source',
    partitions: 1,
  };
  const redis = {
    getString: async () => JSON.stringify(pointer),
    mget: async () => [encodeState(plane.state), null],
  };
  const context = { config: { prefix: 'p' }, log } as never;
  const look = settingsWatch(context, { redis, limits: facts.seen });
  const settings = (daysMax: number): void => {
    plane.do('settings.change', settingsBody({ ...facts.seen, daysMax }));
  };
  await look();
  settings(facts.seen.daysMax);
  await look();
  expect(warned).toEqual([]);
  for (const daysMax of [30, 20, facts.seen.daysMax, 20]) {
    settings(daysMax);
    await look();
    await look();
  }
  expect(warned).toEqual([30, 20, 20]);
});
