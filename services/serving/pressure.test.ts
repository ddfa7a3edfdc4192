import { expect, test } from 'vitest';

import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import { asked, of, serve, start } from './batch-asking.ts';
import type { BatchParts } from './batch.ts';
import { Pressure } from './pressure.ts';

/** Bursts of 300 into one partition; each send takes as long as `ms` says then. */
const underBursts = async () => {
  const clock = { ms: 0 };
  const slow = { ms: 0 };
  const { parts, own } = await start({
    pressure: new Pressure({ backlogMax: 1_000, waitMsMax: 2_000 }),
  });
  const timed: BatchParts = {
    ...parts,
    answering: { ...parts.answering, monotonicMs: () => clock.ms },
    own: {
      send: (messages, lane) => {
        clock.ms += slow.ms;
        return parts.own.send(messages, lane);
      },
    },
  };
  let next = 0;
  /** How many of `count` that came at once are answered; fetched in parts of `fetched`. */
  const burst = async (count: number, fetched = count): Promise<number> => {
    const highWatermark = next + count;
    own.length = 0;
    for (; next < highWatermark; next += fetched) {
      const length = Math.min(fetched, highWatermark - next);
      const records = Array.from({ length }, (_, n) => asked(next + n, { user_id: `u${n}` }));
      await serve({ records, highWatermark }, timed);
    }
    next = highWatermark;
    return of<Recommendation>(own, 'rec').filter(({ status }) => status === 'ok').length;
  };
  return { slow, burst };
};

test.each([
  ['bursts', 300, 300],
  ['bursts that are fetched bit by bit', 300, 20],
  ['requests that come one by one', 1, 1],
])('after a slow minute %s are enough for all of a burst to be answered again', async (...of) => {
  const [, count, fetched] = of;
  const { slow, burst } = await underBursts();
  expect(await burst(300)).toBe(300);
  slow.ms = 20_000;
  while ((await burst(300)) > 100);
  slow.ms = 1;
  for (let n = 0; n < 20; n += 1) await burst(count, fetched);
  expect(await burst(300)).toBe(300);
});

test('a batch of one slice, whose send may wait behind others, has none shed for it', async () => {
  const { slow, burst } = await underBursts();
  slow.ms = 2_000;
  for (let n = 0; n < 50; n += 1) await burst(100);
  expect(await burst(300)).toBe(300);
});
