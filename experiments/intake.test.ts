import { expect, test } from 'vitest';

import { draftOf, experimentSchema, type ExperimentState } from './definition.ts';
import { Experiments } from './catalogue.ts';
import { intakeOf, nobodyComes } from './intake.ts';

const startsAt = '2026-01-02T00:00:00Z';
const endsAt = '2026-01-09T01:00:00+01:00';
const recordOf = (state: ExperimentState, bounds: object = { startsAt, endsAt }) => ({
  ...draftOf(
    experimentSchema.parse({
      experiment: 'blends',
      context: 'home',
      step: 'mine',
      variants: ['a', 'b'].map((variant) => ({ variant, model: `of-${variant}`, weight: 0.5 })),
      outcome: { kinds: ['click'] },
      ...bounds,
    }),
  ),
  state,
  salt: 'blends@1',
  ranges: [[0, 10_000] as const],
});
const startsAtMs = Date.parse(startsAt);
const endsAtMs = Date.parse(endsAt);

test('says when it begins, whether users come, and since when nobody does', () => {
  const at = (nowMs: number) => intakeOf(recordOf('running'), nowMs);
  expect(at(startsAtMs - 1)).toEqual({ kind: 'ahead', atMs: startsAtMs });
  expect(at(startsAtMs)).toEqual({ kind: 'open' });
  expect(at(endsAtMs - 1)).toEqual({ kind: 'open' });
  expect(at(endsAtMs)).toEqual({ kind: 'ended', atMs: endsAtMs });
  expect(intakeOf(recordOf('running', {}), endsAtMs)).toEqual({ kind: 'open' });
  for (const state of ['draft', 'stopped', 'decided'] as const)
    expect(intakeOf(recordOf(state), startsAtMs)).toEqual({ kind: 'closed' });
});

test('users come just when they are assigned', () => {
  const experiments = new Experiments();
  const content = JSON.stringify(recordOf('running'));
  experiments.take('blends', { name: 'blends', version: 'blends@1', revision: 1, content });
  for (const atMs of [startsAtMs - 1, startsAtMs, endsAtMs - 1, endsAtMs]) {
    const isAssigned = experiments.assign('home', 'ann', atMs) !== null;
    expect(isAssigned).toBe(intakeOf(recordOf('running'), atMs).kind === 'open');
  }
});

test('somebody may still come to one that is open or ahead, and nobody to others', () => {
  expect(nobodyComes({ kind: 'open' })).toBe(false);
  expect(nobodyComes({ kind: 'ahead', atMs: 1 })).toBe(false);
  expect(nobodyComes({ kind: 'ended', atMs: 1 })).toBe(true);
  expect(nobodyComes({ kind: 'closed' })).toBe(true);
});
