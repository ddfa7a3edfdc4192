import fc from 'fast-check';
import { expect, test } from 'vitest';

import { bucketsOf, firstFit, freeRanges, sizeOf } from './layers.ts';

test('no bucket is given twice, and none of the holdout, whoever comes and goes', () => {
  const step = fc.record({ wanted: fc.integer({ min: 1, max: 4_000 }), leaves: fc.nat(5) });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.double({ min: 0, max: 0.5, noNaN: true }),
      (steps, holdout) => {
        let running: { ranges: readonly (readonly [number, number])[] }[] = [];
        for (const { wanted, leaves } of steps) {
          const free = freeRanges(running, holdout);
          const ranges = firstFit(free, wanted);
          expect(ranges === null).toBe(sizeOf(free) < wanted);
          if (ranges === null) running = running.filter((_, at) => at !== leaves);
          else {
            expect(sizeOf(ranges)).toBe(wanted);
            running.push({ ranges });
          }
          const given = running.flatMap((one) => one.ranges).toSorted(([a], [b]) => a - b);
          for (const [at, [from]] of given.entries())
            expect(from).toBeGreaterThanOrEqual(given[at - 1]?.[1] ?? 0);
          expect(given.at(-1)?.[1] ?? 0).toBeLessThanOrEqual(10_000 - bucketsOf(holdout));
        }
      },
    ),
  );
});
