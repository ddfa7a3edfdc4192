import fc from 'fast-check';
import { expect, test } from 'vitest';

import { type Driven, driveSteps, type DriveStep } from '../../lib/stream/memory-driver.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import { decodePartials, type PackedCell } from '../../schemas/packed/experiment-partials.ts';
import { exposureKinds, forgetType, mergedType } from '../../topics/reserved-types.ts';
import { exposureOf, foldForTests, interactionOf, recordOf } from './fakes.ts';

const user = fc.constantFrom('ann', 'bob');
const item = fc.constantFrom('tea', 'cup', 'jug');
const source = fc.constantFrom(0, 1);
const step = fc.record({
  /** An event waits in its source partition until `ingest` comes to it. */
  kind: fc.constantFrom('shown', 'act', 'act', 'ingest', 'ingest', 'forget'),
  afterMs: fc.integer({ min: 0, max: 60 }).map((value) => value * 1_000),
  user,
  item,
  source,
  other: fc.integer({ min: 0, max: 6 }).map((one) => one === 0),
  count: fc.integer({ min: 1, max: 6 }),
});
const history = fc.array(step, { minLength: 20, maxLength: 90, size: 'max' });
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Queued {
  readonly user: string;
  readonly item: string;
  readonly atMs: number;
  /** Null: the user is to be forgotten. */
  readonly type: string | null;
}

interface Logs {
  readonly exposures: LogRecord[];
  readonly interactions: LogRecord[];
}

const beganMs = 1_700_000_000_000;

/**
 * Two source partitions, each in its order and any way behind. The event that forgets a user lies in
 * both, and is said on the log of exposures before it is said on that of interactions.
 */
function logsOf(steps: readonly Step[], creditMs: number): Logs {
  const logs: Logs = { exposures: [], interactions: [] };
  const queues: Queued[][] = [[], []];
  const offsets = [0, 0];
  let nowMs = beganMs;
  const say = (log: LogRecord[], topic: string, value: object): void =>
    void log.push(recordOf(topic, log.length, { value, atMs: nowMs }));
  const ingest = (of: number, count: number): void => {
    for (const one of queues[of]?.splice(0, count) ?? []) {
      const at = { source_partition: of, source_offset: offsets[of] ?? 0 };
      offsets[of] = at.source_offset + 1;
      const who = { user_id: one.user, ...at };
      if (one.type === null)
        say(
          logs.exposures,
          'exposures',
          exposureOf({ ...who, kind: exposureKinds.forget, lineage: 'reserved', experiment: null }),
        );
      const act = { item_id: one.item, type: one.type ?? forgetType, appended_at: one.atMs };
      say(logs.interactions, 'interactions', interactionOf({ ...who, ...act }));
    }
  };
  for (const one of steps) {
    nowMs += one.afterMs;
    const { user: who, item: of, source: from } = one;
    if (one.kind === 'ingest') ingest(from, one.count);
    if (one.kind === 'act') queues[from]?.push({ user: who, item: of, atMs: nowMs, type: 'click' });
    if (one.kind === 'forget')
      for (const queue of queues) queue.push({ user: who, item: '', atMs: nowMs, type: null });
    if (one.kind === 'shown')
      say(
        logs.exposures,
        'exposures',
        exposureOf({
          answer_id: `a${logs.exposures.length}`,
          user_id: who,
          variant: one.other ? 'b' : 'a',
          credit_ms: creditMs,
          items: [{ item_id: of, propensity: null }],
        }),
      );
  }
  for (const of of [0, 1]) ingest(of, Infinity);
  return logs;
}

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

const choices = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 20 });
const valueOf = ({ value }: LogRecord): { user_id: string; type?: string; kind?: string } =>
  JSON.parse(String(value));

test('rows and sums are a function of both logs, whoever is forgotten in them', async () => {
  let forgotten = 0;
  await fc.assert(
    fc.asyncProperty(
      history,
      choices,
      fc.constantFrom(60_000, 600_000),
      async (steps, chosen, ms) => {
        const logs = logsOf(steps, ms);
        const fold = foldForTests();
        const plain = await driveSteps(fold, mixed(logs, [1]));
        const other = await driveSteps(fold, mixed(logs, chosen));
        const ahead = await driveSteps(fold, [
          { input: 1, records: logs.exposures },
          { input: 0, records: logs.interactions },
        ]);
        for (const one of [other, ahead]) {
          expect(one.rows).toEqual(plain.rows);
          expect(one.shared).toEqual(plain.shared);
          expect(one.header).toEqual(plain.header);
        }
        forgotten += steps.filter(({ kind }) => kind === 'forget').length;
      },
    ),
    { numRuns: 400 },
  );
  expect(forgotten).toBeGreaterThan(1_000);
});

/** Per variant, over all stretches of time. */
function sumsOf({ shared }: Driven) {
  const experiments = shared === null ? [] : decodePartials(shared).experiments;
  return experiments.flatMap(({ experiment, variants }) =>
    variants.flatMap(({ variant, users, cells }) => {
      const sum = (of: keyof Omit<PackedCell, 'kinds'>): number =>
        [...cells.values()].reduce((total, cell) => total + cell[of], 0);
      const own = [sum('users'), sum('any'), sum('count'), sum('countSquares'), sum('x')];
      return users === 0 ? [] : [[experiment, variant, users, ...own].join()];
    }),
  );
}

/** Without what lies before a user's last record of being forgotten, and without these. */
const withoutForgotten = (log: readonly LogRecord[]): LogRecord[] =>
  log.filter((record, at) => {
    const isEnd = (one: LogRecord): boolean =>
      valueOf(one).type === forgetType || valueOf(one).kind === exposureKinds.forget;
    const who = valueOf(record).user_id;
    const later = log.slice(at).some((one) => isEnd(one) && valueOf(one).user_id === who);
    return !isEnd(record) && !later;
  });

test('what is left is what the logs give without all that lay before', async () => {
  await fc.assert(
    fc.asyncProperty(history, choices, async (steps, chosen) => {
      // Nobody's time is over: sums of those whose is stay, without a name.
      const logs = logsOf(steps, 20 * 86_400_000);
      const told = await driveSteps(foldForTests(), mixed(logs, chosen));
      const left = {
        exposures: withoutForgotten(logs.exposures),
        interactions: withoutForgotten(logs.interactions),
      };
      const plain = await driveSteps(foldForTests(), mixed(left, [1]));
      expect([...told.rows.keys()].toSorted()).toEqual([...plain.rows.keys()].toSorted());
      expect(told.rows).toEqual(plain.rows);
      expect(sumsOf(told).toSorted()).toEqual(sumsOf(plain).toSorted());
    }),
    { numRuns: 400 },
  );
});

test('who is merged into another stays in experiments as who it was', async () => {
  const shown = exposureOf({ user_id: 'anon-1', items: [{ item_id: 'tea', propensity: null }] });
  const marker = { user_id: 'anon-1', kind: exposureKinds.merged, lineage: 'reserved' };
  const act = interactionOf({ user_id: 'anon-1', appended_at: 2_000, occurred_at: 2_000 });
  const merged = interactionOf({ user_id: 'anon-1', type: mergedType, source_offset: 1 });
  const steps = [
    { input: 1, records: [recordOf('exposures', 0, { value: shown, atMs: 1_000 })] },
    { input: 0, records: [recordOf('interactions', 0, { value: act, atMs: 2_000 })] },
  ];
  const before = await driveSteps(foldForTests(), steps);
  const after = await driveSteps(foldForTests(), [
    ...steps,
    { input: 1, records: [recordOf('exposures', 1, { value: exposureOf(marker), atMs: 3_000 })] },
    { input: 0, records: [recordOf('interactions', 1, { value: merged, atMs: 3_000 })] },
  ]);
  expect(after.rows).toEqual(before.rows);
  expect(sumsOf(after)).toEqual(sumsOf(before));
});
