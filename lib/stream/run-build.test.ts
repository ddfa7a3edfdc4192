import { expect, test } from 'vitest';

import type { CurrentGeneration } from './current.ts';
import { isSilentBeside } from './run-build.ts';

const generation = (hash: string): CurrentGeneration => ({
  name: 'a',
  code: 'a',
  family: 'source',
  lineage: hash,
  hash,
  id4: hash.slice(0, 4),
  partitions: 1,
});
const emission = { restated: true };

test('a build says nothing under the identity of what is current, and nothing that its service restates', () => {
  const own = generation('aaaaaaaa');
  const other = generation('bbbbbbbb');
  expect(isSilentBeside({ emission: {} }, own, own)).toBe(true);
  expect(isSilentBeside({ emission: {} }, own, other)).toBe(false);
  expect(isSilentBeside({ emission: null }, own, other)).toBe(false);
  expect(isSilentBeside({ emission }, own, other)).toBe(true);
});
