import { expect, test } from 'vitest';

import { cureFor } from './report.ts';

const part = (answers: boolean) => ({ part: 'kafka', address: 'h:1', answers });

test('where a part does not answer, it is said what to do', () => {
  const own = { dataDir: '/data', mode: 'processes' } as const;
  expect(cureFor(own, [part(true), part(true)])).toBeNull();
  expect(cureFor(own, [part(true), part(false)])).toMatch(
    /^npx freshet down && npx freshet up, and start the services again \(logs: \/data\/logs\)$/,
  );
  expect(cureFor({ ...own, mode: 'outside' }, [part(false)])).not.toContain('freshet down');
});
