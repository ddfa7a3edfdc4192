import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  countingFold,
  countingOracle,
  countingRecord,
  emissionText,
  tallyText,
} from '../../test/support/counting-fold.ts';
import { SwitchWorld } from '../../test/support/switch-world.ts';

/**
 * A generation is built beside one that its owners go on folding, while both log and clock move,
 * owners and the builder die and come back, and frozen ones wake up late.
 */
const schedule = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  records: fc.integer({ min: 1, max: 60 }),
  owners: fc.integer({ min: 1, max: 2 }),
  /** Of a thousand calls of an owner or the builder so many end it. */
  deaths: fc.constantFrom(0, 10, 40),
  /** A builder that dies this often stays dead. */
  buildersMax: fc.integer({ min: 1, max: 4 }),
});

const fold = countingFold({ cacheBytesMax: 10_000 });

test('however a switch is broken off, state and emissions are those of the log', async () => {
  let switches = 0;
  let calledOff = 0;
  await fc.assert(
    fc.asyncProperty(schedule, async ({ records, ...options }) => {
      const log = Array.from({ length: records }, (_, n) =>
        countingRecord(n, {
          from: { lineage: 'source', partition: 0, offset: n - (n % 5 === 4 ? 1 : 0) },
          units: [
            { key: `k${n % 3}`, n: n % 10 },
            { key: 'all', n: n % 4 },
          ],
        }),
      );
      const world = new SwitchWorld(fold, log, options);
      await world.run();
      const { rows, shared, header } = world.current();
      const wanted = countingOracle(log);
      expect(header.offsets).toEqual([records]);
      expect(new Map([...rows].map(([key, bytes]) => [key, tallyText(bytes)]))).toEqual(
        wanted.rows,
      );
      expect(tallyText(shared)).toBe(wanted.shared);
      const emitted = world.emitted.map(({ value }) => emissionText(value));
      expect([...new Set(emitted)]).toEqual(wanted.emitted);
      expect(world.emittedByBuilder).toBe(0);
      expect(world.offsetsGoneBack).toBe(0);
      switches += Number(world.switched);
      calledOff += Number(!world.switched);
    }),
    // An owner read the pointer just before the switch, and what it closed just after.
    {
      numRuns: 60,
      examples: [[{ seed: 999_995, records: 1, owners: 1, deaths: 0, buildersMax: 1 }]],
    },
  );
  // Both happen, or nothing was tested.
  expect(Math.min(switches, calledOff)).toBeGreaterThan(2);
});
