import { afterAll, beforeAll, expect, test } from 'vitest';

import { RunningBed } from '../../bench/faults/fault-bed.ts';
import { chosenRows, loadRows } from '../../bench/faults/rows.ts';
import { runRows } from '../../bench/faults/run-row.ts';

/**
 * Short forms of rows of the fault bench, on its own three brokers. What one broker is enough for
 * (workers killed, dying at failpoints, frozen) is in test/e2e/guarantees.test.ts.
 */
let bed: RunningBed;
const { signal } = new AbortController();
const said: string[] = [];
const say = (line: string): void => void said.push(line);

beforeAll(async () => {
  bed = await RunningBed.open({ seed: 1, sessionMs: 3_000, workers: 2, keep: false, signal, say });
  await bed.install();
}, 300_000);

afterAll(async () => {
  await bed.close();
}, 60_000);

test.each([3, 5, 8, 10, 12])('row %i', async (number) => {
  const result = await runRows(bed, chosenRows(await loadRows(), [number]), {
    seconds: 5,
    seed: 1,
    eventsPerSecond: 40,
    requestsPerSecond: 10,
    signal,
    say,
  });
  expect(result, said.join('\n')).toMatchObject({
    passed: true,
    lost: 0,
    doubled: 0,
    unanswered: 0,
    differences: 0,
  });
  expect(result.events).toBeGreaterThan(100);
});
