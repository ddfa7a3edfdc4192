import { expect, test } from 'vitest';

import { Experiments } from './catalogue.ts';
import {
  draftOf,
  type ExperimentRecord,
  experimentVersion,
  parseExperiment,
} from './definition.ts';

const draftWith = (withinHours: number): ExperimentRecord => {
  const parsed = parseExperiment(
    JSON.stringify({
      experiment: 'e',
      context: 'home',
      step: 'own',
      variants: [
        { variant: 'a', model: 'm@0123456789ab', weight: 0.5 },
        { variant: 'b', model: 'n@0123456789ab', weight: 0.5 },
      ],
      outcome: { kinds: ['purchase'], withinHours },
    }),
  );
  if (!parsed.ok) throw new Error(parsed.faults.join());
  return draftOf(parsed.value);
};

const experimentsWith = (record: ExperimentRecord): Experiments => {
  const experiments = new Experiments();
  experiments.take('e', { ...experimentVersion(record), revision: 1 });
  return experiments;
};

test('the time for outcomes is whole milliseconds, as exposures hold it, whatever its hours', () => {
  for (const withinHours of [1.1, 0.0001, 8.7 / 3, 168]) {
    const draft = draftWith(withinHours);
    const running = { ...draft, state: 'running', salt: 's', ranges: [[0, 10_000]] } as const;
    const creditMs = experimentsWith(running).assign('home', 'ann', 0)?.creditMs;
    expect(creditMs).toBe(Math.max(1, Math.round(withinHours * 3_600_000)));
  }
});

test('models are kept ready until an experiment is decided, so that a winner can be promoted', () => {
  const own = new Set(['m@0123456789ab', 'n@0123456789ab']);
  for (const state of ['draft', 'running', 'stopped'] as const)
    expect(experimentsWith({ ...draftWith(1), state }).versionsInUse()).toEqual(own);
  const decision = { winner: 'b', sentence: 'better', promoted: null };
  const decided = { ...draftWith(1), state: 'decided', decision } as const;
  expect(experimentsWith(decided).versionsInUse()).toEqual(new Set());
});
