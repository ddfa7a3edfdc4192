import fc from 'fast-check';
import { expect, test } from 'vitest';

import { driveSteps, type DriveStep } from '../../lib/stream/memory-driver.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import { decodePartials } from '../../schemas/packed/experiment-partials.ts';
import { exposureOf, foldForTests, interactionOf, latenessMs, recordOf } from './fakes.ts';
import { plainCount } from './plain-count.ts';
import type { OutcomeInteraction, ShownExposure } from './topology.ts';

const user = fc.constantFrom('ann', 'bob', 'cid');
const item = fc.constantFrom('tea', 'cup', 'jug');
const seconds = (max: number) => fc.integer({ min: 0, max }).map((value) => value * 1_000);

const shown = fc.record({
  kind: fc.constant('shown' as const),
  afterMs: seconds(60),
  user,
  experiment: fc.constantFrom('x', 'y', null),
  other: fc.integer({ min: 0, max: 12 }).map((one) => one === 0),
  items: fc.uniqueArray(item, { maxLength: 3 }),
  again: fc.integer({ min: 0, max: 5 }).map((one) => one === 0),
});
const act = fc.record({
  kind: fc.constant('act' as const),
  afterMs: seconds(60),
  agoMs: fc.oneof({ weight: 8, arbitrary: seconds(5) }, { weight: 1, arbitrary: seconds(400) }),
  user,
  item,
  type: fc.constantFrom('click', 'purchase', 'view'),
  answer: fc.integer({ min: -6, max: 6 }),
  context: fc.constantFrom(null, 'home-feed', 'basket'),
  value: fc.constantFrom(null, 1.5, 20, 0.01),
});
const history = fc.array(fc.oneof(shown, act), { minLength: 20, maxLength: 80, size: 'max' });
type Step = typeof history extends fc.Arbitrary<readonly (infer T)[]> ? T : never;

interface Logs {
  readonly exposures: LogRecord[];
  readonly interactions: LogRecord[];
  readonly shown: ShownExposure[];
  readonly acts: OutcomeInteraction[];
}

/** What lies in the logs after this history; each record with the time that it came there. */
function logsOf(steps: readonly Step[]): Logs {
  const logs: Logs = { exposures: [], interactions: [], shown: [], acts: [] };
  let nowMs = 1_700_000_000_000;
  for (const step of steps) {
    nowMs += step.afterMs;
    if (step.kind === 'shown') {
      const before = logs.shown.at(-1);
      const given =
        step.again && before !== undefined
          ? before
          : exposureOf({
              answer_id: `a${logs.shown.length}`,
              user_id: step.user,
              experiment: step.experiment,
              variant: step.experiment === null ? null : variantOf(step.user, step.other),
              items: step.items.map((id) => ({ item_id: id, propensity: null })),
              served_at: nowMs,
            });
      logs.shown.push(given);
      logs.exposures.push(
        recordOf('exposures', logs.exposures.length, { value: given, atMs: nowMs }),
      );
      continue;
    }
    const known = logs.shown.length - 1 - Math.abs(step.answer);
    const given = interactionOf({
      user_id: step.user,
      item_id: step.item,
      type: step.type,
      answer_id: step.answer < 0 ? null : `a${known}`,
      context_id: step.context,
      value: step.value,
      appended_at: nowMs - step.agoMs,
      occurred_at: nowMs - step.agoMs - (step.answer > 3 ? 90_000 : 500),
      source_offset: logs.acts.length,
    });
    logs.acts.push(given);
    logs.interactions.push(
      recordOf('interactions', logs.interactions.length, { value: given, atMs: nowMs }),
    );
  }
  return logs;
}

const variantOf = (name: string, other: boolean): string =>
  (name === 'ann') === other ? 'b' : 'a';

/** Any order in which exposures are as far as what was there when an interaction came. */
function mixed({ exposures, interactions }: Logs, choices: readonly number[]): DriveStep[] {
  const steps: DriveStep[] = [];
  const [left, right] = [[...exposures], [...interactions]];
  for (let at = 0; left.length + right.length > 0; at += 1) {
    const [next, ahead] = [right[0], left[0]];
    const mayAct = next !== undefined && (ahead?.timestampMs ?? Infinity) > next.timestampMs;
    const acts = mayAct && (left.length === 0 || (choices[at % choices.length] ?? 0) > 0);
    const record = acts ? right.shift() : left.shift();
    if (record !== undefined) steps.push({ input: acts ? 0 : 1, records: [record] });
  }
  return steps;
}

const batched = (steps: readonly DriveStep[], most: number): DriveStep[] =>
  steps.reduce<DriveStep[]>((batches, step) => {
    const last = batches.at(-1);
    if (last === undefined || last.input !== step.input || last.records.length >= most)
      return [...batches, step];
    return [...batches.slice(0, -1), { ...last, records: [...last.records, ...step.records] }];
  }, []);

const choices = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 20 });

test('rows and sums are a function of both logs, not of how they interleave or are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      history,
      choices,
      fc.integer({ min: 1, max: 9 }),
      async (steps, chosen, most) => {
        const logs = logsOf(steps);
        const fold = foldForTests();
        const plain = await driveSteps(fold, mixed(logs, [1]));
        const other = await driveSteps(fold, batched(mixed(logs, chosen), most), {
          bounds: { recordsMax: most },
        });
        const ahead = await driveSteps(fold, [
          { input: 1, records: logs.exposures },
          { input: 0, records: logs.interactions },
        ]);
        for (const one of [other, ahead]) {
          expect(one.rows).toEqual(plain.rows);
          expect(one.shared).toEqual(plain.shared);
          expect(one.header).toEqual(plain.header);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('sums are those of a plain count over both logs', async () => {
  let outcomes = 0;
  await fc.assert(
    fc.asyncProperty(history, choices, async (steps, chosen) => {
      const logs = logsOf(steps);
      const { shared } = await driveSteps(foldForTests(), mixed(logs, chosen));
      const plain = plainCount(logs.shown, logs.acts, latenessMs);
      const { experiments } = shared === null ? { experiments: [] } : decodePartials(shared);
      expect(experiments.map(({ experiment }) => experiment).toSorted()).toEqual(
        [...plain.keys()].toSorted(),
      );
      for (const { experiment, multiple, variants } of experiments) {
        const expected = plain.get(experiment);
        expect(multiple).toBe(expected?.multiple);
        for (const { variant, users, answers, cells } of variants) {
          const own = expected?.variants.get(variant);
          const sum = (of: 'any' | 'count' | 'countSquares' | 'value' | 'valueSquares' | 'users') =>
            [...cells.values()].reduce((total, cell) => total + cell[of], 0);
          expect({ users, answers }).toEqual({ users: own?.users, answers: own?.answers });
          expect([sum('users'), sum('any'), sum('count'), sum('countSquares')]).toEqual([
            own?.users,
            own?.any,
            own?.count,
            own?.countSquares,
          ]);
          expect(sum('value')).toBeCloseTo(own?.value ?? -1, 6);
          expect(sum('valueSquares')).toBeCloseTo(own?.valueSquares ?? -1, 4);
          outcomes += own?.count ?? 0;
        }
      }
    }),
    { numRuns: 300 },
  );
  expect(outcomes).toBeGreaterThan(500);
});
