import { expect, test } from 'vitest';

import { partitionsReportText } from './set-report.ts';

test('a report of a switch says how to go back to the set that it was from', () => {
  const text = partitionsReportText({
    from: { set: 2, partitions: 6, setting: '6/2', interactions: 'shop.s2.interactions.v1' },
    to: { set: 3, partitions: 8, setting: '8/3', interactions: 'shop.s3.interactions.v1' },
    records: 10,
    seconds: 1,
    compared: {},
    switched: true,
    switch_ms: 80,
    cut: [7],
    kept_until: '2026-11-25T04:00:00.000Z',
  });
  expect(text).toContain(
    'set 2 is kept until 2026-11-25T04:00:00.000Z: npx freshet rebuild --partitions 6 --back',
  );
  expect(text).toContain('FRESHET_PARTITIONS=8/3 from now on');
});
