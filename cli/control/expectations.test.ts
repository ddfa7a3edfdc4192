import { expect, test } from 'vitest';

import { expectationsIn, samplesInText } from './expectations.ts';

test('what the metrics service says of a context is read from its text', () => {
  const about = 'model="m@0123456789ab",expectation="predictedShareMin"';
  const text = `# HELP freshet_expectation_value x
freshet_expectation_value{context="home",${about},window="5m"} 0.75
freshet_expectation_value{context="home",${about},window="1h"} 0.5
freshet_expectation_limit{context="home",${about},window="1h"} 0.6
freshet_expectation_answers{context="home",model="m@0123456789ab",window="1h"} 40
freshet_expectation_broken{context="home",${about},window="1h"} 1
freshet_expectation_value{context="other",${about},window="1h"} 1
freshet_records_total{service="metrics"} 3
`;
  const own = { model: 'm@0123456789ab', expectation: 'predictedShareMin' };
  expect(expectationsIn(samplesInText(text), 'home')).toEqual([
    { ...own, window: '5m', value: 0.75, limit: null, answers: 0, broken: false },
    { ...own, window: '1h', value: 0.5, limit: 0.6, answers: 40, broken: true },
  ]);
});
