import { expect, test } from 'vitest';

import { encoderFor } from '../lib/avro/encoder.ts';
import { type UserEvent, userEventSchema } from '../schemas/generated/user-event.ts';
import { eventsOf, idsOf, worldOf } from './synthetic.ts';

const options = { count: 20_000, seed: 1, idPrefix: 'e', fromMs: 1_000, toMs: 21_000 };

test('ids have ten bytes, and are distinct and the same every time', () => {
  const ids = idsOf(5_000, { letter: 'u', seed: 11 });
  expect(new Set(ids).size).toBe(5_000);
  expect(ids.every((id) => Buffer.byteLength(id) === 10)).toBe(true);
  expect(idsOf(5_000, { letter: 'u', seed: 11 })).toEqual(ids);
});

test('one seed gives one log; items follow Zipf, users come evenly', () => {
  const world = worldOf(100, 1_000);
  const events = [...eventsOf({ ...options, world })];
  expect([...eventsOf({ ...options, world })]).toEqual(events);
  const of = (what: (event: (typeof events)[number]) => string): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const event of events) counts.set(what(event), (counts.get(what(event)) ?? 0) + 1);
    return counts;
  };
  const items = of((event) => event.item_id);
  const [first = '', second = ''] = world.items;
  expect((items.get(first) ?? 0) / (items.get(second) ?? 1)).toBeCloseTo(2, 0);
  expect(Math.max(...of((event) => event.user_id).values())).toBeLessThan(300);
});

test('an event is as small as the figures to compare with had it', () => {
  const world = worldOf(100, 100);
  const encode = encoderFor<UserEvent>(userEventSchema, 1);
  const bytes = [...eventsOf({ ...options, count: 100, world })].map((one) => encode(one).length);
  expect(Math.max(...bytes)).toBeLessThan(64);
});
