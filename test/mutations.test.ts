import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { projectDir } from '../lib/config/state-file.ts';
import { mutations } from './support/mutation-list.ts';

test('every guard that `npm run mutations` takes out is still where it looks for it', () => {
  const timesOf = ({ file, from }: (typeof mutations)[number]): number =>
    readFileSync(join(projectDir, file), 'utf8').split(from).length - 1;
  const moved = mutations.filter((one) => timesOf(one) !== 1).map(({ name }) => name);
  expect(moved).toEqual([]);
});
