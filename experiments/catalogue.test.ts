import { expect, test } from 'vitest';

import { Experiments } from './catalogue.ts';
import { draftOf, experimentVersion, parseExperiment } from './definition.ts';

test('the time for outcomes is whole milliseconds, as exposures hold it, whatever its hours', () => {
  for (const withinHours of [1.1, 0.0001, 8.7 / 3, 168]) {
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
    const draft = draftOf(parsed.value);
    const experiments = new Experiments();
    const running = { ...draft, state: 'running', salt: 's', ranges: [[0, 10_000]] } as const;
    experiments.take('e', { ...experimentVersion(running), revision: 1 });
    const creditMs = experiments.assign('home', 'ann', 0)?.creditMs;
    expect(creditMs).toBe(Math.max(1, Math.round(withinHours * 3_600_000)));
  }
});
