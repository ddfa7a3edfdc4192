import { expect, test } from 'vitest';

import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { type Expectations, limitsFor, parseContext } from '../../models/definitions.ts';
import { answersMin, ExpectationWatch } from './expectations.ts';
import { AnswerWindows } from './windows.ts';

const minuteMs = 60_000;
const startMs = 1_700_000_000_000;
const model = 'nearer@0123456789ab';

const start = (expectations: Expectations = { predictedShareMin: 0.5 }, watchedMax = 10) => {
  const metrics = createMetrics({ processMetrics: false });
  const said: string[] = [];
  const say =
    (how: string) =>
    (about: unknown): void => {
      const { window, expectation } = about as { window: string; expectation: string };
      said.push(`${how} ${window} ${expectation}`);
    };
  const contexts = new Map([['home', expectations]]);
  const watch = new ExpectationWatch({
    metrics,
    log: { warn: say('broken'), info: say('holds') } as never,
    expectationsOf: (context) => contexts.get(context),
    watchedMax,
  });
  const answers = (
    count: number,
    atMs: number,
    values: Record<string, number> = {},
    labels: Record<string, string> = {},
  ): void => {
    for (let n = 0; n < count; n++)
      watch.take(
        {
          name: 'answer',
          at: atMs,
          labels: { context: 'home', status: 'ok', first_model: model, ...labels },
          values: {
            predicted: 1,
            at_least: 1,
            emptied: 0,
            age_seconds: 60,
            answer_ms: 4,
            ...values,
          },
        },
        atMs,
      );
  };
  const text = async (atMs: number): Promise<string> => {
    watch.look(atMs);
    return metrics.text();
  };
  return { metrics, said, contexts, answers, text, watch };
};

const series = (name: string, expectation: string, window: string): string =>
  `${name}{context="home",model="${model}",expectation="${expectation}",window="${window}"}`;

test('an expectation breaks, and heals as what broke it slides out of the window', async () => {
  const { answers, text, said } = start();
  answers(50, startMs);
  expect(await text(startMs)).toContain(
    `${series('freshet_expectation_broken', 'predictedShareMin', '5m')} 0`,
  );
  answers(60, startMs + minuteMs, { predicted: 0 });
  const broken = await text(startMs + minuteMs);
  expect(broken).toContain(`${series('freshet_expectation_broken', 'predictedShareMin', '5m')} 1`);
  expect(broken).toContain(`${series('freshet_expectation_limit', 'predictedShareMin', '5m')} 0.5`);
  expect(broken).toContain(
    `${series('freshet_expectation_value', 'predictedShareMin', '1h')} ${50 / 110}`,
  );
  answers(50, startMs + 10 * minuteMs);
  expect(await text(startMs + 10 * minuteMs)).toContain(
    `${series('freshet_expectation_value', 'predictedShareMin', '5m')} 1`,
  );
  expect(said).toEqual([
    'broken 5m predictedShareMin',
    'broken 1h predictedShareMin',
    'holds 5m predictedShareMin',
    'holds 1h predictedShareMin',
  ]);
});

test('a few answers are no verdict', async () => {
  const { answers, text, said } = start();
  answers(answersMin - 1, startMs, { predicted: 0 });
  const few = await text(startMs);
  expect(few).toContain(`${series('freshet_expectation_value', 'predictedShareMin', '5m')} 0`);
  expect(few).toContain(`${series('freshet_expectation_broken', 'predictedShareMin', '5m')} 0`);
  answers(1, startMs, { predicted: 0 });
  await text(startMs);
  expect(said).toEqual(['broken 5m predictedShareMin', 'broken 1h predictedShareMin']);
});

test.each([
  ['atLeastShareMin', 0.9, { at_least: 0 }],
  ['emptiedShareMax', 0.1, { emptied: 1 }],
  ['newestAgeSecondsMax', 120, { age_seconds: 300 }],
  ['answerMsMax', 50, { answer_ms: 80 }],
] as const)('%s breaks past its limit alone', async (name, limit, wrong) => {
  const { answers, text, said } = start({ [name]: limit });
  answers(100, startMs);
  await text(startMs);
  expect(said).toEqual([]);
  answers(30, startMs, wrong);
  await text(startMs);
  expect(said).toEqual([`broken 5m ${name}`, `broken 1h ${name}`]);
});

test('a model may have limits of its own', () => {
  const parsed = parseContext(
    JSON.stringify({
      context: 'home',
      size: 5,
      ladder: [{ step: 'a', model: 'nearer' }],
      expectations: {
        predictedShareMin: 0.9,
        answerMsMax: 100,
        perModel: { nearer: { predictedShareMin: 0.5 } },
      },
    }),
  );
  if (!parsed.ok) throw new Error(parsed.faults.join());
  const { expectations } = parsed.value;
  expect(limitsFor(expectations, model)).toEqual({ predictedShareMin: 0.5, answerMsMax: 100 });
  expect(limitsFor(expectations, 'other@0123456789ab')).toEqual({
    predictedShareMin: 0.9,
    answerMsMax: 100,
  });
});

test('what was not asked for an hour, or is gone, is no longer said', async () => {
  const { answers, text, contexts } = start();
  answers(30, startMs);
  expect(await text(startMs + 59 * minuteMs)).toContain('freshet_expectation_answers{');
  expect(await text(startMs + 61 * minuteMs)).not.toContain('context="home"');
  answers(30, startMs + 62 * minuteMs);
  expect(await text(startMs + 62 * minuteMs)).toContain('context="home"');
  contexts.delete('home');
  expect(await text(startMs + 62 * minuteMs)).not.toContain('context="home"');
});

test('names that are not published, and too many of them, take no memory', async () => {
  const { answers, text } = start({}, 1);
  answers(1, startMs, {}, { context: 'away' });
  answers(1, startMs, {}, { first_model: 'a@0' });
  answers(1, startMs, {}, { first_model: 'b@0' });
  const said = await text(startMs);
  expect(said).toContain('model="a@0"');
  expect(said).not.toContain('model="b@0"');
  expect(said).not.toContain('context="away"');
  expect(said).toContain('freshet_series_limited_total{label="expectation"} 1');
});

test('a percentile is at most a fifth too high, and the oldest part leaves whole', () => {
  const windows = new AnswerWindows();
  const ok = { predicted: true, enough: true, emptied: false, ageSeconds: null };
  for (let ms = 1; ms <= 100; ms++)
    windows.add({ ...ok, answerMs: ms }, { atMs: startMs, nowMs: startMs });
  const { answerMsMax, newestAgeSecondsMax } = windows.standing('5m', startMs);
  expect(answerMsMax).toBeGreaterThanOrEqual(95);
  expect(answerMsMax).toBeLessThan(95 * 1.19);
  expect(newestAgeSecondsMax).toBeNull();
  expect(windows.standing('5m', startMs + 4 * minuteMs).answers).toBe(100);
  expect(windows.standing('5m', startMs + 6 * minuteMs).answers).toBe(0);
  expect(windows.standing('1h', startMs + 50 * minuteMs).answers).toBe(100);
  windows.add({ ...ok, answerMs: 1 }, { atMs: startMs - 90 * minuteMs, nowMs: startMs });
  windows.add({ ...ok, answerMs: 1 }, { atMs: startMs + 90 * minuteMs, nowMs: startMs });
  expect(windows.standing('1h', startMs).answers).toBe(101);
});
