import { describe, expect, test } from 'vitest';

import { type ContextDefinition, parseContext } from '../../models/definitions.ts';
import { answersMin } from '../../services/metrics/expectations.ts';
import { assess } from '../experiments/assessed.ts';
import { type MadeUp, madeUp, madeUpFigures } from '../experiments/fixtures.ts';
import type { MeasuredExpectation } from './expectations.ts';
import { whyNotPromoted } from './promotion.ts';

const contextWith = (expectations: object): ContextDefinition => {
  const ladder = [{ step: 'mine', model: 'blend-same@0123456789ab' }];
  const parsed = parseContext(
    JSON.stringify({ context: 'home-feed', size: 10, ladder, expectations }),
  );
  return parsed.ok ? parsed.value : expect.fail(parsed.faults.join('\n'));
};

const row = (more: Partial<MeasuredExpectation> = {}): MeasuredExpectation => ({
  model: 'blend-newer@0123456789ab',
  expectation: 'predictedShareMin',
  window: '1h',
  value: 0.95,
  limit: 0.9,
  answers: 1_000,
  broken: false,
  ...more,
});

/** `newer` in an experiment that leaves its guardrails to the context. */
const judged = (
  measured: readonly MeasuredExpectation[] | null,
  {
    predicted,
    users = 0,
    expectations = { predictedShareMin: 0.9 },
  }: MadeUp & { readonly predicted?: number; readonly expectations?: object } = {},
): string | null => {
  const figures = madeUpFigures({ users });
  const variants = figures.variants.map((one) => ({
    ...one,
    answers: { ...one.answers, predicted: predicted ?? one.answers.predicted },
  }));
  const { record, ...read } = madeUp({
    figures: { ...figures, variants },
    context: contextWith(expectations),
  });
  const { guardrails: _, ...definition } = record.definition;
  const assessed = assess({ ...read, record: { ...record, definition } });
  return whyNotPromoted(assessed, { winner: 'newer', measured });
};

describe('a winner is promoted where', () => {
  test('what was measured of it keeps the limits', () => expect(judged([row()])).toBeNull());

  test('its windows have run empty and the experiment counted that it keeps them', () => {
    expect(judged([], { users: 20_000 })).toBeNull();
    expect(judged([row({ answers: 0 })], { users: 20_000 })).toBeNull();
  });

  test('the context expects nothing', () => expect(judged([], { expectations: {} })).toBeNull());
});

describe('a winner is not promoted where', () => {
  test('a limit is broken now', () =>
    expect(judged([row({ broken: true, value: 0.51234 })], { users: 20_000 })).toBe(
      "'newer' was not promoted, it breaks what 'home-feed' expects: predictedShareMin 0.9 (0.5123 over 1h): decide without --promote, or say --force",
    ));

  test('the experiment counted that it breaks one, though its windows have run empty', () =>
    expect(judged([], { users: 20_000, predicted: 60_000 })).toBe(
      "'newer' was not promoted: 'newer' breaks a guardrail: answers that the model itself gave are 50 %, and must be at least 90 %: decide without --promote, or say --force",
    ));

  test('neither of both has seen enough of its answers', () => {
    const few = row({ answers: answersMin - 1 });
    for (const measured of [[], [few], [row({ model: 'blend-same@0123456789ab' })]])
      expect(judged(measured)).toMatch(
        /^'newer' was not promoted: fewer than 20 of its answers were measured, so whether it keeps what 'home-feed' expects is not known: decide without --promote, or say --force$/,
      );
  });

  test('what is expected is nothing that the experiment counts', () =>
    expect(judged([], { users: 20_000, expectations: { answerMsMax: 50 } })).toMatch(/not known/));

  test('there is nobody to ask', () =>
    expect(judged(null, { users: 20_000 })).toMatch(/name the metrics service with --metrics URL/));
});
