import { describe, expect, test } from 'vitest';

import { randomOf } from '../../bench/micro/synthetic.ts';
import { kinds } from '../../models/kinds.ts';
import { type EventTable, EventTableBuilder } from '../evaluate/event-table.ts';
import { modelOf, settings } from '../evaluate/fixtures.ts';
import { compared, metricOf } from './metric.ts';
import type { Parameter } from './parameter.ts';
import { tuneSummary } from './says.ts';
import { tune, type TuneOptions } from './tune.ts';

const startMs = 1_700_000_000_000;
const minuteMs = 60_000;
const users = 40;
const items = 60;

/** Everybody goes through the items in one order: what comes next follows from the last alone. */
const walks = (events: number, seed: number, step: (item: number) => number): EventTable => {
  const random = randomOf(seed);
  const at = Array.from({ length: users }, () => Math.floor(random() * items));
  const builder = new EventTableBuilder();
  for (let n = 0; n < events; n++) {
    const user = Math.floor(random() * users);
    const item = random() < 0.1 ? Math.floor(random() * items) : step(at[user] as number);
    at[user] = item % items;
    const atMs = startMs + n * minuteMs;
    builder.add({ userId: `u${user}`, itemId: `i${item % items}`, type: 'view', atMs });
  }
  return builder.table('walks');
};
const forwards = (events: number, seed: number): EventTable =>
  walks(events, seed, (item) => item + 1);

/** As bad as it can be for such walks: looks both ways, and at old items as at the last. */
const blurred = modelOf('co-visits', {
  learning: { direction: 'both', repeats: false },
  retrieval: { recentItemsMax: 10, recentDecay: 1, shrink: 0 },
});
const space: readonly Parameter[] = [
  { path: 'retrieval.recentItemsMax', min: 1, max: 10, scale: 'linear', step: 1, orNull: false },
  { path: 'learning.direction', values: ['both', 'after'] },
];

const metric = metricOf('mrr@20');
if (metric === null) throw new Error('there is no such metric');

const optionsOf = (given: Partial<TuneOptions> = {}): TuneOptions => ({
  bench: {
    kinds,
    settings,
    items: null,
    moment: 'ahead',
    excludesSeen: false,
    metric,
    goesOn: () => true,
  },
  space,
  method: 'tpe',
  trials: 12,
  seed: 1,
  split: 0.7,
  sample: 300,
  onTrial: () => undefined,
  onJudge: () => undefined,
  ...given,
});

/** The same events, but for the last part: there everything is another item. */
const poisoned = (table: EventTable, fromMs: number): EventTable => ({
  ...table,
  item: table.item.map((item, at) =>
    (table.atMs[at] as number) >= fromMs ? items - 1 - item : item,
  ),
});

describe('tuning', () => {
  test('finds what was planted, and proves it on what the search has not seen', async () => {
    const result = await tune(forwards(3_000, 1), blurred, optionsOf({ trials: 8, sample: 200 }));
    expect(result.definition.learning['direction']).toBe('after');
    expect(result.definition.retrieval['recentItemsMax']).toBeLessThanOrEqual(3);
    expect(result.judged).toMatchObject({ verdict: 'better', tests: 800, users });
    const { gain, interval, given, tuned } = result.judged ?? {};
    expect(gain).toBeCloseTo((tuned?.value ?? 0) - (given?.value ?? 0), 10);
    expect(interval?.[0]).toBeGreaterThan(0);
    expect(tuneSummary(result)).toContain('better: the whole interval lies above 0');
  }, 60_000);

  test('is the same for a seed', async () => {
    const [one, other] = await Promise.all(
      [1, 2].map(() => tune(forwards(1_000, 2), blurred, optionsOf({ trials: 4 }))),
    );
    expect(one?.trials).toEqual(other?.trials);
    expect(one?.judged?.interval).toEqual(other?.judged?.interval);
    expect(one?.definition).toEqual(other?.definition);
  }, 60_000);

  test('never lets the search see what it is judged on', async () => {
    const table = forwards(1_200, 3);
    const clean = await tune(table, blurred, optionsOf({ trials: 6 }));
    const poison = poisoned(table, clean.search.until_ms);
    const spoilt = await tune(poison, blurred, optionsOf({ trials: 6 }));
    expect(spoilt.trials).toEqual(clean.trials);
    expect(spoilt.definition).toEqual(clean.definition);
    // It was poison: where one looks at it, it shows.
    expect(spoilt.judged?.tuned.value).not.toEqual(clean.judged?.tuned.value);
  }, 60_000);

  test('asks for what it judges on once, when all trials are over', async () => {
    const said: string[] = [];
    await tune(
      forwards(1_000, 4),
      blurred,
      optionsOf({
        trials: 3,
        onTrial: ({ number }) => void said.push(`trial ${number}`),
        onJudge: () => void said.push('judge'),
      }),
    );
    expect(said).toEqual(['trial 0', 'trial 1', 'trial 2', 'trial 3', 'judge']);
  }, 60_000);

  test('says that a gain is within noise where nothing can be gained', async () => {
    // Nothing follows from anything: whatever is best, is best by luck.
    const random = randomOf(9);
    const table = walks(2_000, 5, () => Math.floor(random() * items));
    const result = await tune(table, blurred, optionsOf({ trials: 6 }));
    expect(result.best).toBeGreaterThan(0);
    expect(result.judged?.verdict).toBe('within_noise');
    expect(tuneSummary(result)).toContain('within noise');
  }, 60_000);

  test('gives the best so far when it is broken off', async () => {
    let tried = 0;
    const { bench } = optionsOf();
    const result = await tune(
      forwards(1_000, 6),
      blurred,
      optionsOf({
        bench: { ...bench, goesOn: () => tried < 3 },
        onTrial: () => void (tried += 1),
      }),
    );
    expect(result).toMatchObject({ stopped: true, judged: null });
    expect(result.trials.length).toBe(3);
    expect(tuneSummary(result)).toContain('broken off');
  }, 60_000);
});

describe('the comparison of two models', () => {
  const gainsOf = (of: (test: number) => number) => ({
    user: Int32Array.from({ length: 300 }, (_, test) => test % 30),
    gains: Float64Array.from({ length: 300 }, (_, test) => of(test)),
  });

  test('pairs them: what both have from their users does not widen the interval', () => {
    const easy = (test: number): number => (test % 30) / 30;
    const { gain, interval } = compared(
      gainsOf(easy),
      gainsOf((test) => easy(test) + 0.01),
      1,
    );
    expect(gain).toBeCloseTo(0.01, 10);
    expect(interval?.[0]).toBeCloseTo(0.01, 10);
    expect(interval?.[1]).toBeCloseTo(0.01, 10);
  });

  test('knows nothing of a handful of users', () => {
    const few = { user: new Int32Array(10), gains: new Float64Array(10) };
    expect(compared(few, few, 1).interval).toBeNull();
  });
});
