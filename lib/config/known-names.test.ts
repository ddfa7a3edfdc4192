import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { knownNames, misspelt } from './known-names.ts';
import { projectDir } from './state-file.ts';

test('every variable that is read is known', () => {
  const own = ['cli', 'lib', 'models', 'services', 'stack'].map(
    (folder) => `${folder}/**/config.ts`,
  );
  const files = [
    ...globSync(own, { cwd: projectDir }),
    'lib/config/access.ts',
    'lib/config/common.ts',
  ];
  const read = files.flatMap(
    (file) =>
      readFileSync(join(projectDir, file), 'utf8').match(/FRESHET_[A-Z0-9_]*[A-Z0-9]/g) ?? [],
  );
  expect([...new Set(read)].toSorted()).toEqual(knownNames.toSorted());
});

test('a misspelt setting is named, with the one that was meant', () => {
  expect(misspelt({ FRESHET_PARTITONS: '5', FRESHET_PREFIX: 'a', PATH: '/bin' })).toEqual([
    'FRESHET_PARTITONS is not a setting: did you mean FRESHET_PARTITIONS?',
  ]);
});

test('names that are nobody’s settings are left alone', () => {
  expect(misspelt({ FRESHET_REDIS_SERVICE_HOST: '10.0.0.1' })).toEqual([]);
});
