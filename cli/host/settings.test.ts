import { globSync } from 'node:fs';
import { expect, test } from 'vitest';

import { projectDir } from '../../lib/config/state-file.ts';
import { serviceNames } from './services.ts';
import { ownSettings, refuseWrongSettings } from './settings.ts';

const wrong = {
  FRESHET_CANDIDATES_DEPTH_TIMES_MAX: 'banana',
  FRESHET_SERVING_BACKLOG_MAX: '0',
  FRESHET_SEEN_AGE_DAYS: '0',
  FRESHET_PREFIX: 'NO',
};

test('what is wrong in the settings of any service is said at once, each fault once', async () => {
  const refused = refuseWrongSettings(serviceNames, wrong);
  await expect(refused).rejects.toThrow(/^wrong configuration: [^\n]+$/);
  const message = await refused.catch((error: Error) => error.message);
  for (const name of Object.keys(wrong)) expect(String(message).split(name)).toHaveLength(2);
});

test('services that do not run are not asked, nor is a stack needed', async () => {
  const { FRESHET_CANDIDATES_DEPTH_TIMES_MAX, FRESHET_SERVING_BACKLOG_MAX } = wrong;
  const others = { FRESHET_CANDIDATES_DEPTH_TIMES_MAX, FRESHET_SERVING_BACKLOG_MAX };
  await expect(refuseWrongSettings(['ingest', 'served'], others)).resolves.toBeUndefined();
  await expect(refuseWrongSettings(serviceNames, {})).resolves.toBeUndefined();
});

test('every service with settings of its own is read', () => {
  const files = globSync('services/*/config.ts', { cwd: projectDir });
  // Control's one setting is a common one as well.
  const services = files
    .map((file) => file.split('/')[1] ?? '')
    .filter((name) => name !== 'control');
  expect([...ownSettings].toSorted()).toEqual(services.toSorted());
});
