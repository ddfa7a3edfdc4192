import { expect, test } from 'vitest';

import type { Progress } from '../data/progress-of-services.ts';
import { progressOfSet, untilCovered } from './set-progress.ts';

const row = (
  service: string,
  topic: string,
  next: number,
  end: number,
  partition = 0,
): Progress => ({
  service,
  topic,
  partition,
  next,
  end,
  lag: end - next,
});
const services = ['ingest', 'seen-items', 'learning'];

test('what is not on its topic yet is left as well, and services of other sets do not count', () => {
  const rows = [
    row('ingest', 'events', 60, 100),
    row('seen-items', 'interactions', 20, 30, 0),
    row('seen-items', 'interactions', 25, 25, 1),
    row('served', 'exposures', 0, 900),
  ];
  expect(progressOfSet(rows, services, new Map([['interactions', 95]]))).toEqual({
    lag: 40 + 10,
    left: 40 + 50,
    done: 60 + 45,
    missing: ['learning'],
  });
});

/** One picture after the other; the last one stays. Ends stay as they were first looked at. */
const readerOf = (...pictures: readonly Progress[][]) => {
  let at = 0;
  const looked: unknown[] = [];
  return {
    looked,
    read: async (ends?: unknown) => {
      looked.push(ends);
      return { progress: pictures[Math.min(at++, pictures.length - 1)] ?? [], missing: [] };
    },
  };
};

test('a set covers offsets when all that came of them is folded, and not before', async () => {
  const covered = [
    row('ingest', 'events', 10, 99),
    row('seen-items', 'interactions', 8, 8),
    row('learning', 'signals', 5, 5),
    row('candidates', 'interactions', 1, 8),
  ];
  const behind = [covered[0] as Progress, row('seen-items', 'interactions', 7, 8)];
  const given = { offsets: [10], deadlineMs: 0 };
  expect(await untilCovered(readerOf(covered), services, given)).toBe(true);
  expect(await untilCovered(readerOf(behind), services, given)).toBe(false);
  expect(await untilCovered(readerOf(covered), services, { ...given, offsets: [11] })).toBe(false);
  // Signals came onto their topic only when interactions were folded.
  const late = [...covered.slice(0, 2), row('learning', 'signals', 5, 6)];
  expect(await untilCovered(readerOf(covered, covered, late), services, given)).toBe(false);
});

test('ends that are waited for stand, and are others after each hop', async () => {
  const ready = [row('ingest', 'events', 10, 99), row('seen-items', 'interactions', 8, 8)];
  const behind = [ready[0] as Progress, row('seen-items', 'interactions', 7, 8)];
  const reader = readerOf(ready, behind, behind, ready, ready);
  const given = { offsets: [10], deadlineMs: Infinity };
  expect(await untilCovered(reader, services, given)).toBe(true);
  const [first, second, again, third, last] = reader.looked;
  expect([again, third]).toEqual([second, second]);
  expect(second === again && again === third).toBe(true);
  expect(new Set([first, second, last]).size).toBe(3);
});
